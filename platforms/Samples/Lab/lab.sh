# A lab of QEMU and bash, for tests and as an example: each machine is a directory under $state, named as kola names it.
set -euo pipefail
state=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/bash-lab}
machine=$state/${KOLA_MACHINE:-}

# Starts the machine's QEMU, which goes on when this script has ended: in a session of its own, and holding nothing of ours.
start() {
    rm -f "$machine/exit"
    setsid bash -c 'echo $$ >"$1/pid.new"; mv "$1/pid.new" "$1/pid"; "$1/run" & echo $! >"$1/qemu"; wait $!; echo $? >"$1/exit"' lab "$machine" >"$machine/qemu.log" 2>&1 </dev/null &
    for _ in {1..100}; do
        test -S "$machine/monitor" && return
        if test -f "$machine/exit"; then
            cat "$machine/qemu.log" >&2
            return 1
        fi
        sleep 0.05
    done
    echo "QEMU does not say that it runs" >&2
    return 75
}

# Ends it as a pulled plug does.
stop() {
    # Started a moment ago, it may not have said its number yet.
    test -d "$machine" && sleep 0.05
    for file in qemu pid; do
        test -f "$machine/$file" && kill -KILL "$(cat "$machine/$file")" 2>/dev/null || true
    done
    rm -f "$machine/monitor"
    while id=$(pgrep -f "^qemu-system-x86_64 -name guest=$KOLA_MACHINE "); do
        kill -KILL $id 2>/dev/null || true
        sleep 0.02
    done
}
