namespace Kola.Machines;

/// <summary>
/// The guest's end of the channel: bash and three units, given by the machine's config, so that every image with systemd and bash has it.
/// </summary>
public static class GuestProgram
{
    /// <summary>Port the harness's commands go over.</summary>
    public const string ControlPort = "org.flatcar.kola.control";

    /// <summary>Port the journal comes over.</summary>
    public const string JournalPort = "org.flatcar.kola.journal";

    /// <summary>Port of the one SSH server that is started before a template is frozen, and has got as far as it can without a client.</summary>
    public const string SshPort = "org.flatcar.kola.ssh";

    /// <summary>Command for the guest program that has a new SSH server wait at that port.</summary>
    public const string ServeSsh = "serve_ssh";

    /// <summary>Where the program is put.</summary>
    internal const string ScriptPath = "/etc/kola/channel";

    /// <summary>
    /// Ends a command. A control character, since commands have lines of their own.
    /// </summary>
    internal const char EndOfCommand = '\x1d';

    /// <summary>Begins the line that tells of a boot, and each that ends an answer.</summary>
    internal const char EndOfAnswer = '\x1e';

    /// <summary>What the journal's port says when a boot's journal can be asked for. No text holds NUL, so no entry is taken for it.</summary>
    internal static ReadOnlySpan<byte> JournalBegins => "\0kola: journal\n"u8;

    /// <summary>Units by name: what starts at boot, and what is started before a freeze.</summary>
    internal static IReadOnlyList<(string Name, bool AtBoot, string Text)> Units { get; } =
    [
        ("kola-channel.service", true, Unit("Channel of the test harness", ControlPort, "", $"ExecStart=/bin/bash {ScriptPath} serve /dev/virtio-ports/{ControlPort}")),
        // After the flush, so that following does not have to change from /run to /var in the middle.
        ("kola-journal.service", true, Unit("Journal for the test harness", JournalPort, "After=systemd-journal-flush.service\n", $"ExecStart=/bin/bash {ScriptPath} journal /dev/virtio-ports/{JournalPort}")),
        ("kola-ssh.service", false, $"""
            [Unit]
            Description=SSH for the test harness

            [Service]
            # Its end is the end of a connection, whatever the exit code.
            ExecStart=-/usr/sbin/sshd -i -o LoginGraceTime=0 -o HostKey=/etc/kola/ssh_host_key
            RuntimeDirectory=sshd
            RuntimeDirectoryPreserve=yes
            StandardInput=file:/dev/virtio-ports/{SshPort}
            StandardOutput=file:/dev/virtio-ports/{SshPort}
            StandardError=journal

            """),
    ];

    /// <summary>
    /// The program. Builtins wherever there is one: to start a process costs an emulated guest 50 ms.
    /// </summary>
    internal const string Script = """
        #!/bin/bash
        # Guest program of the kola test harness. It runs, as root, what comes over a virtual serial port.

        serve() {
          local nonce code end=$'\x1d'
          exec 3<>"$1" 4>&2
          read -r code </proc/sys/kernel/random/boot_id
          printf '\n\x1eup %s\n' "$code" >&3
          while IFS= read -r -u 3 nonce && IFS= read -r -d "$end" -u 3 code; do
            eval "$code" </dev/null >&3 2>&3
            printf '\n\x1e%s %s\n' "$nonce" "$?" >&3
          done
        }

        journal() {
          local cursor
          exec 3<>"$1"
          printf '\0kola: journal\n' >&3
          IFS= read -r -u 3 cursor
          if [ -n "$cursor" ]; then set -- --after-cursor="$cursor"; else set -- --boot; fi
          exec journalctl --output=export --follow --quiet --lines=all "$@" >&3
        }

        # TEXT: a line in the journal, past a process of its own.
        mark() {
          printf '%s\n' "$1" >&4
        }

        # Puts the name of the card with an Ethernet address into $card.
        find_card() {
          local file address
          for file in /sys/class/net/*/address; do
            read -r address <"$file"
            card=${file%/address} card=${card##*/}
            [ "$address" = "$1" ] && return
          done
          echo "no card has the address $1"
          return 1
        }

        # SECONDS: the time. What it is then is told by a builtin, so that who gave it learns how late it came.
        set_clock() {
          date -u -s "@$1" >/dev/null && printf '%s\n' "$EPOCHREALTIME"
        }

        # USER KEY KEY: another key lets a user in.
        change_key() {
          local file home lines
          eval "home=~$1"
          for file in "$home"/.ssh/authorized_keys "$home"/.ssh/authorized_keys.d/*; do
            [ -f "$file" ] || continue
            mapfile lines <"$file"
            printf '%s' "${lines[@]//"$2"/$3}" >"$file"
          done
        }

        # PRIVATE PUBLIC: SSH host keys. Kinds beside ed25519 are made here, if the image has them.
        change_host_keys() {
          local kind process
          printf '%s\n' "$1" >/etc/ssh/ssh_host_ed25519_key
          printf '%s\n' "$2" >/etc/ssh/ssh_host_ed25519_key.pub
          for kind in rsa ecdsa; do
            [ -e "/etc/ssh/ssh_host_${kind}_key" ] || continue
            rm -f "/etc/ssh/ssh_host_${kind}_key"
            ssh-keygen -q -t "$kind" -N '' -f "/etc/ssh/ssh_host_${kind}_key" || return
          done
          # A server that runs already holds the old ones.
          if [ -e /run/sshd.pid ]; then read -r process </run/sshd.pid; kill -HUP "$process"; fi
          true
        }

        # BEFORE NOW: another Ethernet address. networkd asks for a new lease by itself.
        change_mac() {
          find_card "$1" && ip link set dev "$card" address "$2"
        }

        # NAME: a host name, as a network would give one, where the image has none of its own.
        change_name() {
          local name
          read -r name </proc/sys/kernel/hostname
          if [ "$name" = localhost ]; then printf '%s' "$1" >/proc/sys/kernel/hostname; fi
        }

        # The journal of a machine is kept under its id: both who writes it and who follows it have to look again.
        change_machine_id() {
          local id
          read -r id </proc/sys/kernel/random/uuid
          printf '%s\n' "${id//-/}" >/etc/machine-id
          systemctl restart systemd-journald.service && systemctl --no-block restart kola-journal.service
        }

        # PATH TEXT: a file as Ignition would have written it.
        write_file() {
          printf '%s' "$2" >"$1"
        }

        # (BEFORE NOW STATE)…: cards join their segments under other addresses, and wait until networkd has them in the state.
        join_segments() {
          local cards=() states=()
          while [ $# -gt 0 ]; do
            change_mac "$1" "$2" || return
            cards+=("$card") states+=(--interface="$card:$3")
            shift 3
          done
          networkctl reload && networkctl reconfigure "${cards[@]}" &&
            /usr/lib/systemd/systemd-networkd-wait-online "${states[@]}" --timeout=60
        }

        # An SSH server at its port, for a machine that has no other way in.
        serve_ssh() {
          [ -s /etc/kola/ssh_host_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/kola/ssh_host_key || return
          # Another private key may follow, and an old public one would be told in the journal.
          rm -f /etc/kola/ssh_host_key.pub
          systemctl restart kola-ssh.service
        }

        # KEY: what a template does last. An SSH server waits from here on, so that a copy's first login is cheap. The user's manager is not
        # gone yet: logind keeps it for ten seconds after the last session, and a copy's login finds it.
        settle() {
          local left
          printf '%s\n' "$1" >/etc/kola/ssh_host_key && chmod 0600 /etc/kola/ssh_host_key &&
            systemctl restart kola-ssh.service || return
          # A session that had not ended would never end in a copy. One that left something running behind is not waited for for ever.
          for left in {1..50}; do
            compgen -G '/sys/fs/cgroup/user.slice/user-*.slice/session-*.scope' >/dev/null || break
            sleep 0.2
          done
          sync
        }

        "$@"

        """;

    private static string Unit(string description, string port, string order, string start) => $"""
        [Unit]
        Description={description}
        # From the first moment to the last: it is for finding out why a boot hangs, too.
        DefaultDependencies=no
        StartLimitIntervalSec=0
        BindsTo={DeviceUnit(port)}
        After={DeviceUnit(port)}
        {order}Conflicts=shutdown.target
        Before=shutdown.target

        [Service]
        {start}
        Restart=always
        RestartSec=0
        SyslogIdentifier=kola

        [Install]
        WantedBy=multi-user.target

        """;

    // systemd-escape of /dev/virtio-ports/…: the dash is written \x2d.
    private static string DeviceUnit(string port) => $@"dev-virtio\x2dports-{port}.device";
}
