using System.Reflection;
using System.Text.RegularExpressions;
using Kola.Checks;

namespace Kola.Tests.Checks;

public sealed class CheckTableTests
{
    private static IEnumerable<TestCaseData> Samples() =>
        from check in CheckTable.All
        where check.Times == 1
        from line in check.Sample.Split('\n')
        select new TestCaseData(check.Id, line).SetArgDisplayNames(check.Id, line);

    private static IEnumerable<TestCaseData> Repeated() =>
        CheckTable.All.Where(check => check.Times > 1).Select(check => new TestCaseData(check).SetArgDisplayNames(check.Id));

    private static IEnumerable<TestCaseData> Innocents() =>
        from check in CheckTable.All
        where check.Innocent.Length > 0
        from line in check.Innocent.Split('\n')
        select new TestCaseData(line).SetArgDisplayNames(check.Id, line);

    [TestCaseSource(nameof(Samples))]
    public void A_line_of_the_sample_fires_its_check_and_no_other(string id, string line)
    {
        Assert.That(Find(line).Select(finding => finding.Check.Id), Is.EqualTo(new[] { id }));
    }

    [TestCaseSource(nameof(Repeated))]
    public void A_check_that_counts_fires_when_the_line_came_often_enough(Check check)
    {
        string[] lines = check.Sample.Split('\n');
        Assert.That(lines, Has.Length.EqualTo(check.Times));
        Assert.That(Find(check.Sample).Select(finding => (finding.Check.Id, finding.Line)), Is.EqualTo(new[] { (check.Id, check.Times) }));
        Assert.That(Find(string.Join('\n', lines[1..])), Is.Empty);
    }

    [TestCaseSource(nameof(Innocents))]
    public void A_line_that_only_looks_alike_fires_nothing(string line)
    {
        Assert.That(Find(line), Is.Empty);
    }

    // The prefix differs, the fact does not: reported once, see Sightings.
    [TestCase("[FAILED] Failed to start foo.service - Foo.", "Nov 22 18:15:00.123456 systemd[1]: Failed to start foo.service - Foo.")]
    [TestCase("[   12.345678] BUG: kernel NULL pointer dereference, address: 0", "Nov 22 18:15:00.123456 kernel: BUG: kernel NULL pointer dereference, address: 0")]
    [TestCase("[   12.345678] audit: type=1400 audit(1.2:3): avc:  denied  { read } for  pid=77", "Nov 22 18:15:00.1 audit[77]: AVC avc:  denied  { read } for  pid=77")]
    [TestCase("[    1.234567] Kernel panic - not syncing: Fatal exception", "[    1.234567] ---[ end Kernel panic - not syncing: Fatal exception ]---")]
    [TestCase("[   12.345678] systemd[1]: foo.service: Failed with result 'core-dump'.", "Nov 22 18:15:00.1 systemd[1]: foo.service: Failed with result 'core-dump'.")]
    public void The_same_fact_has_the_same_words_in_console_and_journal(string console, string journal)
    {
        var sightings = new Sightings();
        Assert.That(sightings.IsFirst(Find(console).Single()), Is.True);
        Assert.That(sightings.IsFirst(Find(journal).Single()), Is.False);
    }

    [Test]
    public void Every_id_is_lowercase_unique_and_a_constant()
    {
        string[] constants = [.. typeof(CheckId).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!)];

        Assert.That(CheckTable.All.Select(check => check.Id), Is.EquivalentTo(constants));
        Assert.That(constants, Is.Unique);
        Assert.That(constants, Has.All.Match("^[a-z0-9]+(-[a-z0-9]+)*$"));
    }

    [Test]
    public void Every_title_is_a_sentence_without_a_full_stop()
    {
        Assert.That(CheckTable.All.Select(check => check.Title), Has.All.Match(@"^[\p{L}].*[^.]$"));
    }

    [Test]
    public void Every_pattern_takes_linear_time()
    {
        IEnumerable<Regex> patterns = CheckTable.All.SelectMany(check => new[] { check.Pattern, check.Exempt, check.Silencer }).OfType<Regex>();
        Assert.That(patterns.Select(pattern => pattern.Options), Has.All.Matches<RegexOptions>(options => options.HasFlag(RegexOptions.NonBacktracking)));
    }

    [Test]
    public void What_ends_a_test_at_once_does_not_wait_for_a_silencer()
    {
        Assert.That(CheckTable.All.Where(check => check.Fatal && (check.Silencer is not null || check.Times > 1)), Is.Empty);
    }

    [Test]
    public void What_leaves_no_usable_machine_is_fatal()
    {
        Assert.That(CheckTable.All.Where(check => check.Fatal).Select(check => check.Id), Is.EquivalentTo(new[]
        {
            CheckId.NothingToBoot, CheckId.BootLoaderStuck, CheckId.RootNotMounted, CheckId.IgnitionFailed,
            CheckId.KernelPanic, CheckId.EmergencyShell, CheckId.DefaultTarget, CheckId.SystemdFroze,
        }));
    }

    [Test]
    public void An_id_is_found_and_an_unknown_one_is_not()
    {
        Assert.That(CheckTable.Find("kernel-panic")?.Fatal, Is.True);
        Assert.That(CheckTable.Find("kernel-picnic"), Is.Null);
    }

    private static IReadOnlyList<Finding> Find(string text) => Scanner.Scan(new StringReader(text), "console");
}
