using System.Text;
using System.Xml.Linq;
using Kola.Bootcharts;
using Kola.Tests.Reporting;

namespace Kola.Tests.Bootcharts;

/// <summary>How a machine booted, from what was recorded of it.</summary>
public sealed class BootchartTests
{
    // Recorded of the reference image under emulation, with the fields and entries nobody reads here left out.
    private static readonly byte[] s_boot = File.ReadAllBytes(Path.Combine(GoldenFile.Root, "kola/Kola.Tests/Golden/boot.export"));

    [Test]
    public void A_real_boot_is_drawn() => GoldenFile.Check("bootchart.svg", BootchartSvg.Render(Real(), "sample.passes, machine, boot 0"));

    [Test]
    public void A_real_boot_is_told() => GoldenFile.Check("bootchart.txt", BootchartText.Render(Real(), "sample.passes, machine, boot 0"));

    [Test]
    public void Its_phases_follow_one_another_and_its_units_are_in_order()
    {
        BootRecord boot = Real();
        Assert.That(boot.Phases.Select(p => p.Name), Is.EqualTo(new[] { "firmware and boot loader", "kernel", "initramfs", "userspace" }));
        Assert.That(boot.Phases.Skip(1).Select(p => p.Start), Is.EqualTo(boot.Phases.SkipLast(1).Select(p => p.End)));
        Assert.That((boot.Finished, boot.Phases[^1].End), Is.EqualTo((true, boot.End)));
        Assert.That(boot.Units.Select(u => u.Start), Is.Ordered);
        Assert.That(boot.Units.Single(u => u.Name == "systemd-udevd.service").Start, Is.GreaterThan(boot.Phases[3].Start).And.LessThan(boot.Units.Single(u => u.Name == "sshd-keygen.service").Start), "from before there was a journal");
        Assert.That(boot.Units.Select(u => u.Name), Has.None.StartsWith("session-").And.None.StartsWith("user@"), "what came after the boot");
    }

    [Test]
    public void A_boot_that_hangs_shows_what_it_waits_for_and_what_has_failed()
    {
        string journal = Entry(1_000_000, "Starting a.service...", "7d4958e842da4a758f6c1cdc7b36dcc5", "a.service")
            + Entry(2_500_000, "Failed to start a.service.", "be02cf6855d2428ba40df7e9d022f03d", "a.service")
            + Entry(3_000_000, "Starting <b>&\"'.service...", "7d4958e842da4a758f6c1cdc7b36dcc5", "<b>&\"'.service")
            + Entry(9_000_000, "still waiting", "", "c.service");
        BootRecord boot = BootJournal.Read(new MemoryStream(Encoding.UTF8.GetBytes(journal))).Single().Boot;
        Assert.That(boot.Finished, Is.False);
        Assert.That(boot.Units.Select(u => (u.Name, u.End, u.Failed)), Is.EqualTo(new[] { ("a.service", (double?)2.5, true), ("<b>&\"'.service", null, false) }));
        string text = BootchartText.Render(boot, "t");
        Assert.That(text, Does.Contain("not finished, last heard of after 9.00 s").And.Contain("a.service: failed").And.Contain("starting since 6.00 s"));
        XElement svg = XElement.Parse(BootchartSvg.Render(boot, "a <script> & a title"));
        Assert.That(svg.Descendants().Select(e => (string?)e.Attribute("class")), Does.Contain("failed").And.Contain("unended"));
        Assert.That(svg.Value, Does.Contain("<b>&\"'.service").And.Contain("a <script> & a title"));
    }

    [Test]
    public void Each_boot_of_a_machine_is_one()
    {
        byte[] second = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(s_boot).Replace(Real().BootId, new string('b', 32), StringComparison.Ordinal));
        var boots = BootJournal.Read(new MemoryStream([.. s_boot, .. second]));
        Assert.That(boots.Select(b => b.Boot.Number), Is.EqualTo(new[] { 0, 1 }));
        Assert.That(boots[1].Boot.Units, Is.EqualTo(boots[0].Boot.Units));
    }

    [Test]
    public void A_boot_that_never_had_a_journal_is_read_from_the_console()
    {
        const string console = """
            SeaBIOS (version 1.16.3)
            [    0.000000] Linux version 6.12.57-flatcar
            [    2.613666] Run /init as init process
            [    3.100000] systemd[1]: Starting ignition-fetch.service - Ignition (fetch)...
                     Starting systemd-udevd.service - Rule-based Manager...
            [    4.250000] virtio_net virtio0 eth0: renamed from enp0s2
            [[0;32m  OK  [0m] Started [0;1;39msystemd-udevd.service[0m - Rule-based Manager.
            [    9.500000] random: crng init done
            [[0;1;31mFAILED[0m] Failed to start [0;1;39mignition-fetch.service[0m - Ignition (fetch).
            """;
        BootRecord boot = BootConsole.Read(console.Replace("[[", "[\u001b[", StringComparison.Ordinal).Replace(" [0", " \u001b[0", StringComparison.Ordinal).Replace("[0m", "\u001b[0m", StringComparison.Ordinal).Replace("\u001b\u001b", "\u001b", StringComparison.Ordinal)).Single();
        Assert.That(boot.Units.Select(u => (u.Name, u.Start, u.End, u.Failed)), Is.EqualTo(new[] { ("ignition-fetch.service", 3.1, (double?)9.5, true), ("systemd-udevd.service", 3.1, 4.25, false) }));
        Assert.That(boot.Phases.Select(p => p.Name), Is.EqualTo(new[] { "kernel", "initramfs" }));
        Assert.That(boot.Notes.Single(), Does.StartWith("from the console"));
        Assert.That(BootConsole.Read("SeaBIOS\nBooting from ROM..\n"), Is.Empty);
    }

    [Test]
    public void The_samples_over_the_patterns_match()
    {
        Assert.That(BootConsole.Stamped().Match("[    2.613666] Run /init as init process").Groups["at"].Value, Is.EqualTo("2.613666"));
        var unit = BootConsole.Unit().Match("[FAILED] Failed to start foo.service - A service of ours.");
        Assert.That((unit.Groups["how"].Value, unit.Groups["name"].Value), Is.EqualTo(("Failed to start", "foo.service")));
    }

    private static BootRecord Real()
    {
        (BootRecord boot, DateTimeOffset zero) = BootJournal.Read(new MemoryStream(s_boot)).Single();
        return boot.Within(zero.AddSeconds(-0.75), zero, [("SSH lets in", zero.AddSeconds(15.25)), ("ready", zero.AddSeconds(17.5))]);
    }

    private static string Entry(long at, string message, string id, string unit) =>
        $"__REALTIME_TIMESTAMP={1763835300000000 + at}\n__MONOTONIC_TIMESTAMP={at}\n_BOOT_ID=aa\n_PID=1\nSYSLOG_IDENTIFIER=systemd\nMESSAGE={message}\nMESSAGE_ID={id}\nUNIT={unit}\n\n";
}
