using System.Globalization;
using System.Text;
using Kola.Reporting;

namespace Kola.Cli.Bench;

/// <summary>Console, journal and commands of a machine that never was, in the words real ones use.</summary>
internal sealed class SimulatedLogs(Random random, string directory)
{
    // As the reference image's journal and console have them; {0} is a small number, {1} hex digits, {2} a unit.
    private static readonly string[] s_kernel =
    [
        "kernel: BIOS-e820: [mem 0x00000000{1}-0x00000000{1}] usable",
        "kernel: ACPI: Reserving APIC table memory at [mem 0x{1}-0x{1}]",
        "kernel: pci 0000:00:0{0}.0: BAR {0}: assigned [mem 0x{1}-0x{1} 64bit pref]",
        "kernel: virtio_blk virtio{0}: [vda] 17203200 512-byte logical blocks (8.81 GB/8.20 GiB)",
        "kernel: device-mapper: verity: sha256 using implementation \"sha256-ni\"",
        "kernel: EXT4-fs (vda{0}): mounted filesystem {1}-a51d-4c0e-9f3f-{1}0000 r/w with ordered data mode. Quota mode: none.",
        "kernel: audit: type=1130 audit(1795394347.{0}:{0}): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit={2} comm=\"systemd\" res=success'",
    ];

    private static readonly string[] s_system =
    [
        "systemd[1]: Starting {2} - a unit of the image...",
        "systemd[1]: Started {2} - a unit of the image.",
        "systemd[1]: {2}: Deactivated successfully.",
        "systemd-networkd[2{0}]: eth0: DHCPv4 address 10.0.2.15/24, gateway 10.0.2.2 acquired from 10.0.2.2",
        "sshd[{0}1{0}]: Accepted publickey for core from 10.0.2.2 port 4{0}2{0} ssh2: ED25519 SHA256:{1}{1}{1}",
        "sudo[{0}3{0}]: pam_unix(sudo:session): session opened for user root(uid=0) by core(uid=500)",
        "sudo[{0}3{0}]:     core : PWD=/home/core ; USER=root ; COMMAND=/usr/bin/systemctl show {2}",
        "containerd[{0}7{0}]: time=\"2026-11-22T18:1{0}:0{0}Z\" level=info msg=\"loading plugin \\\"io.containerd.snapshotter.v1.overlayfs\\\"\" error=\"<nil>\" id={1}",
        "dockerd[{0}8{0}]: time=\"2026-11-22T18:1{0}:0{0}Z\" level=info msg=\"API listen on /run/docker.sock\" container={1}{1}",
        "update_engine[{0}9{0}]: I20261122 18:1{0}:0{0}.{0}1{0} prefs.cc:51] boot-id not present in /var/lib/update_engine/prefs ({1})",
        "kubelet[{0}4{0}]: E1122 18:1{0}:0{0}.{0} pod_workers.go:1301] \"Error syncing pod, skipping\" err=\"network is not ready: container runtime network not ready\" pod=\"kube-system/coredns-{1}\"",
    ];

    private static readonly string[] s_units = ["docker.service", "containerd.service", "systemd-resolved.service", "update-engine.service", "locksmithd.service", "sshkeys.service", "coreos-metadata.service", "kubelet.service", "wg-quick@wg0.service", "etcd-member.service"];

    /// <summary>Directory of the run.</summary>
    internal string Directory => directory;

    /// <summary>Bytes written so far.</summary>
    internal long Written { get; private set; }

    /// <summary>Writes the logs of one machine; returns the number of the line that says what went wrong, in console and journal.</summary>
    /// <param name="machine">Directory, relative to the run's.</param>
    /// <param name="boot">When it was started.</param>
    /// <param name="size">About how many bytes the journal is to have.</param>
    /// <param name="trouble">A line that says what went wrong; null for none.</param>
    /// <param name="commands">Its commands, for the ssh.log.</param>
    internal (int Console, int Journal) Write(string machine, DateTimeOffset boot, int size, string? trouble, IEnumerable<CommandRan> commands)
    {
        string place = System.IO.Directory.CreateDirectory(Path.Combine(directory, machine)).FullName;
        var console = new StringBuilder("\u001b[2J\u001b[1;1HSeaBIOS (version 1.16.3-debian-1.16.3-2)\r\nBooting from ROM..\r\n");
        var journal = new StringBuilder(size + 256);
        int consoleLine = 2, journalLine = 0, consoleTrouble = 0, journalTrouble = 0;
        double at = 0;
        bool told = trouble is null;
        while (journal.Length < size)
        {
            at += random.NextDouble() * 0.08;
            bool early = at < 6;
            string line = Text(early ? s_kernel : s_system);
            if (!told && journal.Length > size * 0.7)
            {
                told = true;
                line = trouble!;
                console.Append(CultureInfo.InvariantCulture, $"[{at,12:0.000000}] {line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]}\r\n");
                consoleTrouble = ++consoleLine;
                journalTrouble = journalLine + 1;
            }
            else if (early || random.Next(12) == 0)
            {
                console.Append(early ? string.Create(CultureInfo.InvariantCulture, $"[{at,12:0.000000}] {line["kernel: ".Length..]}\r\n") : $"[\u001b[0;32m  OK  \u001b[0m] Started \u001b[0;1;39m{s_units[random.Next(s_units.Length)]}\u001b[0m.\r\n");
                consoleLine++;
            }

            journal.Append(CultureInfo.InvariantCulture, $"{boot.AddSeconds(at).UtcDateTime:MMM dd HH:mm:ss.ffffff} {line}\n");
            journalLine++;
        }

        console.Append("\r\nThis is localhost (Flatcar Container Linux by Kinvolk 4459.0.0)\r\n\r\nlocalhost login: ");
        Put(place, RunDirectory.ConsoleFile, console);
        Put(place, RunDirectory.JournalFile, journal);
        Put(place, RunDirectory.SshLogFile, commands.Aggregate(new StringBuilder(), (log, ran) => log.Append(CultureInfo.InvariantCulture, $"{ran.At.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}  exit {ran.ExitCode}  {ran.ElapsedSeconds:0.00} s  $ {ran.Command}\n")));
        return (consoleTrouble, journalTrouble);
    }

    private void Put(string place, string name, StringBuilder text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        File.WriteAllBytes(Path.Combine(place, name), bytes);
        Written += bytes.Length;
    }

    private string Text(string[] lines) => string.Format(CultureInfo.InvariantCulture, lines[random.Next(lines.Length)].Replace("{{", "{", StringComparison.Ordinal), random.Next(10), random.Next().ToString("x8", CultureInfo.InvariantCulture), s_units[random.Next(s_units.Length)]);
}
