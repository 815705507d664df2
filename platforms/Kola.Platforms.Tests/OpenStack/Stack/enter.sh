#!/usr/bin/env bash
# Runs stack.py in a system, in namespaces of its own: enter.sh prepare|serve SYSTEM DIR [SAY]. What it changes is in DIR/changes; all it started ends with it.
# serve has three wires to the host, which go with it. Their ends there are kola-api (198.18.76.1), kola-machines (198.18.77.1) and kola-outside (198.18.78.1).
set -euo pipefail
action=$1 system=$2 directory=$3 say=${4:-}
mkdir -p "$directory"/{changes,work,root} && [ -e "$directory/log" ] || mkdir "$directory/log"
recipe=$(dirname "$(realpath "$0")")
export action system directory say recipe OUTSIDE=$PPID
exec setpriv --pdeathsig KILL unshare --net --mount --uts bash -euo pipefail -c '
  hostname kola-openstack
  ip link set lo up
  if [ "$action" = serve ]; then
    third=76
    for wire in api machines outside; do
      ip link add "$wire" type veth peer name "kola-$wire" netns "$OUTSIDE"
      ip link set "$wire" up
      nsenter --net="/proc/$OUTSIDE/ns/net" sh -c "ip address add 198.18.$third.1/24 dev kola-$wire && ip link set kola-$wire up"
      third=$((third + 1))
    done
    ip address add 198.18.76.2/24 dev api
  else
    ip address add 198.18.76.2/32 dev lo
  fi
  root=$directory/root
  # A mount of its own also for `ip netns exec`, which makes / a slave and otherwise fails, and DHCP with it.
  mount -t overlay overlay -o "lowerdir=$system,upperdir=$directory/changes,workdir=$directory/work" "$root"
  mount --rbind /dev "$root/dev"
  mount -t sysfs sysfs "$root/sys"
  mount -t tmpfs tmpfs "$root/run"
  mkdir -p "$root/run/lock" "$root/run/netns" "$root/var/log/openstack" "$root/opt/stack"
  mount --bind "$directory/log" "$root/var/log/openstack"
  mount --bind "$recipe" "$root/opt/stack"
  # The first process waits for all orphans: libvirt takes what is left of one for a QEMU that does not end.
  exec unshare --pid --fork --kill-child --mount-proc="$root/proc" chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 SAY="$say" \
    bash -c "python3 -B /opt/stack/stack.py $action & wait \$!"
'
