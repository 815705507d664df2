namespace Kola.Tests.Reporting;

/// <summary>One run with all seven outcomes and everything a writer can stumble over. The golden files show it.</summary>
internal static class RichRun
{
    private const string Message = """
        hub: unit wg-quick@wg0.service was "failed" 14 s after boot
          wanted:  active within 120 s
          got:     failed (exit-code 1) <&> ]]> # not a comment
          see:     _kola/latest/cl.network.wireguard/hub/journal.txt:2113
          next:    kola run cl.network.wireguard --keep
        """;

    private const string Key = "0b5e3f6a9c21d4e70b5e3f6a9c21d4e70b5e3f6a9c21d4e70b5e3f6a9c21d4e7";

    internal static IReadOnlyList<RunEvent> Events { get; } = [.. Story().Events];

    private static Happened Story()
    {
        Happened run = new Happened().Start()
            .Plan("cl.basic", known: new KnownFailure("the first boot was too slow", new DateOnly(2026, 12, 31)))
            .Plan("cl.network.wireguard", enforced: true)
            .Plan("cl.flannel.vxlan")
            .Plan("cl.selinux.enforcing", known: new KnownFailure("the policy lacks a rule", new DateOnly(2027, 1, 31), "https://example.org/selinux", "Ada <ada@example.org>"))
            .Plan("cl.disk.raid1")
            .Plan("cl.tpm.root", "no TPM 2.0 can be attached", "Install swtpm (apt-get install swtpm).")
            .Plan("cl.tpm.nonroot", "no TPM 2.0 can be attached", "Install swtpm (apt-get install swtpm).")
            .Plan("cl.locksmith.cluster", "the image has no locksmith", "Run it on a Flatcar release: --image FILE.")
            .Plan("cl.update.payload");
        Template(run);
        Basic(run);
        Failed(run);
        Excused(run);
        return run.Begin("cl.disk.raid1").Boot("cl.disk.raid1", "machine")
            .Add(at => new MachineEnded { At = at, Test = "cl.disk.raid1", Machine = "machine", PlatformFault = true, Detail = "QEMU was killed by signal 9" })
            .Add(at => new TestEnded
            {
                At = at,
                Test = "cl.disk.raid1",
                Attempt = 1,
                Outcome = Outcome.Broken,
                Message = "machine: QEMU was killed by signal 9 12 s after boot\n  wanted:  a running machine\n  see:     _kola/latest/cl.disk.raid1/machine/console.txt",
                Evidence = new Evidence { Sign = "machine-lost", Machine = "machine", File = "cl.disk.raid1/machine/console.txt", Line = 412 },
                ElapsedSeconds = 12.5,
            })
            .Add(at => new CleanupFailed { At = at, Test = "cl.disk.raid1", What = "bridge kola-4711", Message = "device is busy" })
            .Begin("cl.update.payload")
            .Finish("interrupted");
    }

    private static void Basic(Happened run) => run
        .Begin("cl.basic").Boot("cl.basic", "machine", template: Key)
        .Add(at => new CommandRan { At = at, Test = "cl.basic", Machine = "machine", Command = "cat /etc/os-release", ExitCode = 0, ElapsedSeconds = 0.03 })
        .Add(at => new WaitEnded { At = at, Test = "cl.basic", Machine = "machine", For = "the default target", Held = true, ElapsedSeconds = 1.5, LastSeen = "active" })
        .Step("cl.basic", "ReadOnly", Outcome.Passed)
        .Step("cl.basic", "Microcode", Outcome.Skipped, "the image's kernel carries no CPU microcode")
        .Find("cl.basic", "machine", tolerated: "the kernel warns about emulated hardware")
        .Add(at => new MachineReady { At = at, Test = "cl.basic", Machine = "machine", BootId = "00000000-0000-0000-0000-000000000002", ElapsedSeconds = 9.75, Boot = 1 })
        .Add(at => new MachineEnded { At = at, Test = "cl.basic", Machine = "machine", PlatformFault = false, Detail = "disposed", ProcessorSeconds = 3.25, MemoryMiB = 312 })
        .Boot("cl.basic/cold", "machine")
        .Find("cl.basic/cold", "machine", tolerated: "the kernel warns about emulated hardware")
        .Add(at => new ParityChecked { At = at, Test = "cl.basic", Templates = [Key], Cloned = Outcome.Passed, Cold = Outcome.Passed })
        .End("cl.basic", Outcome.Passed, seconds: 42.123456);

    // What becomes a template is on record as any machine, and is no test.
    private static void Template(Happened run) => run
        .Boot("template/0b5e3f6a9c21", "machine")
        .Add(at => new MachineEnded { At = at, Test = "template/0b5e3f6a9c21", Machine = "machine", PlatformFault = false, Detail = "disposed" })
        .Add(at => new TemplateMade { At = at, Template = Key, Directory = "templates/0b5e3f6a9c21", ElapsedSeconds = 61.5, ProcessorSeconds = 58.125 })
        .Add(at => new TemplateDropped { At = at, Template = "ffffffffffff" + Key[12..], Why = "machine: unit foo.service failed during boot\n  wanted:  state running, no failed unit" });

    private static void Failed(Happened run) => run
        .Begin("cl.network.wireguard").Boot("cl.network.wireguard", "hub").Boot("cl.network.wireguard", "spoke")
        .Step("cl.network.wireguard", "Ping", Outcome.Failed, "spoke: `ping -c 3 10.90.0.1` ended with 1")
        .Find("cl.network.wireguard", "hub")
        .Add(at => new EvidenceKept { At = at, Test = "cl.network.wireguard", Machine = "hub", What = "systemctl --failed", File = "cl.network.wireguard/hub/failed-units.txt", By = "ssh" })
        .End("cl.network.wireguard", Outcome.Failed, Message, seconds: 134, trace: "   at Flatcar.Tests.Network.WireGuardTests.Tunnel() in WireGuardTests.cs:line 12");

    // A console's colours, bells and nonsense must not make a report unreadable.
    private static void Excused(Happened run) => run
        .Add(at => new TestStarted { At = at, Test = "cl.flannel.vxlan", Attempt = 1, DeadlineSeconds = 600, WaitedSeconds = 12.5, WaitedFor = "memory" })
        .Boot("cl.flannel.vxlan", "machine")
        .End("cl.flannel.vxlan", Outcome.Failed, "machine: \u001b[0;1;31mno route\u001b[0m to host\a\u0000\n  got:     é🡕\uffff", seconds: 61)
        .Begin("cl.flannel.vxlan", 2).Boot("cl.flannel.vxlan", "machine", 2)
        .End("cl.flannel.vxlan", Outcome.Passed, attempt: 2, seconds: 58)
        .Begin("cl.selinux.enforcing").Boot("cl.selinux.enforcing", "machine")
        .End("cl.selinux.enforcing", Outcome.Failed, "machine: SELinux denied something", seconds: 33);
}
