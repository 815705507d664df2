using System.Text;
using CsCheck;
using Kola.Checks;

namespace Kola.Tests.Checks;

public sealed class ScannerTests
{
    private const string Panic = "[    1.234567] Kernel panic - not syncing: Attempted to kill init!";
    private const string LinkUp = "bond0: link status up for interface eth0, enabling it in 0 ms\n";
    private const string Boot = "[    0.000000] Linux version 6.12.1-flatcar (build@host)\n";

    // Pieces that are hard to cut right: escapes, carriage returns, characters of several bytes, lines beyond the limit.
    private static readonly string[] Cuttable =
        ["\n", "\r", "\r\r\n", "\u001b[0;1;31m", "\u001b]0;title\a", "\u001b(B", "\u001b", "\u001b[01;01H", "[FAILED] ", "é🡕", Boot, LinkUp, "bond0: Gained carrier\n"];

    private static readonly Gen<string> Texts = Gen.Frequency(
        (6, Gen.Select(Of([.. CheckTable.All.SelectMany(check => check.Sample.Split('\n'))]), Of("\n", "\r\n", ""), (line, end) => line + end)),
        (3, Of(Cuttable)),
        (1, Gen.Int[1, 40_000].Select(length => new string('x', length))))
        .List[0, 30].Select(string.Concat);

    [Test]
    public void Where_the_text_is_cut_does_not_matter()
    {
        Gen.Select(Texts, Gen.OneOf(Gen.Int[1, 7], Gen.Int[1, 5_000]).Array[1, 40]).Sample(
            (text, cuts) =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(text);
                var scanner = new Scanner("console");
                var findings = new List<Finding>();
                for (int start = 0, i = 0; start < bytes.Length; i++)
                {
                    int length = Math.Min(cuts[i % cuts.Length], bytes.Length - start);
                    findings.AddRange(scanner.Feed(bytes.AsSpan(start, length)));
                    start += length;
                }

                findings.AddRange(scanner.Complete());
                return findings.SequenceEqual(Find(text));
            },
            iter: 300);
    }

    [Test]
    public void Single_characters_are_enough()
    {
        string text = string.Join("\r\n", CheckTable.All.Select(check => check.Sample));
        var scanner = new Scanner("console");
        var findings = new List<Finding>();
        foreach (char c in text)
        {
            findings.AddRange(scanner.Feed([c]));
        }

        findings.AddRange(scanner.Complete());
        Assert.That(findings, Is.EqualTo(Find(text)));
        Assert.That(findings.Select(finding => finding.Check).Distinct().Count(), Is.EqualTo(CheckTable.All.Count));
    }

    [Test]
    public void A_finding_says_source_line_and_text()
    {
        Finding finding = Scanner.Scan(new StringReader($"one\r\ntwo\r\n{Panic}\r\n"), "console.txt").Single();
        Assert.That((finding.Source, finding.Line, finding.Text), Is.EqualTo(("console.txt", 3, Panic)));
        Assert.That(finding.What, Is.EqualTo("Attempted to kill init!"));
    }

    [Test]
    public void A_finding_is_made_when_its_line_ends_not_when_the_text_does()
    {
        var scanner = new Scanner("console");
        Assert.That(scanner.Feed(Panic.AsSpan()), Is.Empty);
        Assert.That(scanner.Feed("\n".AsSpan()), Has.Count.EqualTo(1));
        Assert.That(scanner.Complete(), Is.Empty);
    }

    [Test]
    public void The_last_line_needs_no_end()
    {
        Assert.That(Find(Panic), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_prompt_is_seen_before_its_line_ends_and_only_once()
    {
        var scanner = new Scanner("console");
        Assert.That(scanner.Feed("grub rescue> ".AsSpan()), Is.Empty);
        Assert.That(scanner.Peek().Select(finding => finding.Check.Id), Is.EqualTo(new[] { CheckId.BootLoaderStuck }));
        Assert.That(scanner.Peek(), Is.Empty);
        Assert.That(scanner.Feed("\n".AsSpan()), Is.Empty);
        Assert.That(scanner.Complete(), Is.Empty);
    }

    [TestCase("\u001b[0;1;31m[FAILED]\u001b[0m Failed to start \u001b[0;1;39mfoo.service\u001b[0m - Foo.\r\n")]
    [TestCase("[\u001b[0;1;31mFAILED\u001b[0m] Failed to start foo.service - Foo.\r\r\n")]
    [TestCase("(1 of 2) A start job is running for Foo\r\u001b[K[\u001b[0;1;31mFAILED\u001b[0m] Failed to start foo.service - Foo.\n")]
    public void Colours_and_carriage_returns_hide_nothing(string text)
    {
        Finding finding = Find(text).Single();
        Assert.That((finding.Check.Id, finding.What), Is.EqualTo((CheckId.UnitFailedToStart, "start foo.service - Foo")));
        Assert.That(finding.Text, Does.Not.Contain("\u001b"));
    }

    [TestCase("\u001b]0;a title that never ends\n" + Panic)]
    [TestCase("\u001b[\n" + Panic)]
    [TestCase("\u001b\n" + Panic)]
    public void An_escape_sequence_that_never_ends_hides_no_more_than_its_line(string text)
    {
        Assert.That(Find(text), Has.Count.EqualTo(1));
    }

    [Test]
    public void Something_deep_in_a_very_long_line_is_found_once([Values(0, 15_000, 16_350, 16_360, 16_384, 31_000, 100_000)] int before)
    {
        Finding finding = Find("\n" + new string('x', before) + Panic + new string('y', 50_000)).Single();
        Assert.That(finding.Line, Is.EqualTo(2));
        Assert.That(finding.Text, Has.Length.LessThanOrEqualTo(1000));
    }

    [Test]
    public void A_command_a_test_typed_is_not_what_it_looks_for()
    {
        Assert.That(Find("Nov 22 18:15:00.123456 sudo[77]:     core : PWD=/ ; USER=root ; COMMAND=/usr/bin/grep 'Kernel panic - not syncing' /x"), Is.Empty);
    }

    [Test]
    public void A_count_starts_anew_with_each_boot()
    {
        Assert.That(Find(LinkUp + LinkUp + Boot + LinkUp + LinkUp), Is.Empty);
        Assert.That(Find(LinkUp + LinkUp + "-- Reboot --\n" + LinkUp), Is.Empty);
        Assert.That(Find(LinkUp + LinkUp + Boot + LinkUp + LinkUp + LinkUp), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_told_reboot_ends_a_boot_too()
    {
        var scanner = new Scanner("console");
        scanner.Feed((LinkUp + LinkUp).AsSpan());
        scanner.EndBoot();
        Assert.That(scanner.Feed(LinkUp.AsSpan()).Concat(scanner.Complete()), Is.Empty);
    }

    [Test]
    public void A_silencer_counts_in_its_own_boot_only()
    {
        const string Silence = "bond0: first active interface up!\n";
        const string Flaps = LinkUp + LinkUp + LinkUp;
        Assert.That(Find(Flaps + Silence), Is.Empty);
        Assert.That(Find(Silence + Flaps), Is.Empty);
        Assert.That(Find(Flaps + Boot + Silence).Select(finding => finding.Line), Is.EqualTo(new[] { 3 }));
        Assert.That(Find(Flaps + Silence + Boot + Flaps).Select(finding => finding.Line), Is.EqualTo(new[] { 8 }));
    }

    [Test]
    public void The_same_line_again_is_the_same_finding()
    {
        Assert.That(Find(Panic + "\n" + Panic + "\n"), Has.Count.EqualTo(1));
    }

    [Test]
    public void A_flood_of_findings_is_cut()
    {
        string flood = string.Concat(Enumerable.Range(0, 1000).Select(i => $"[    1.0] BUG: number {i}\n"));
        Assert.That(Find(flood), Has.Count.EqualTo(Scanner.MostPerCheck));
    }

    [Test]
    public void Bytes_that_are_no_text_do_no_harm()
    {
        var scanner = new Scanner("console");
        byte[] noise = [0xff, 0xfe, 0x00, 0xc3, 0x28, 0x1b, 0x5b, 0x9b, (byte)'\n', .. Encoding.UTF8.GetBytes(Panic), (byte)'\n'];
        Assert.That(scanner.Feed(noise), Has.Count.EqualTo(1));
    }

    private static Gen<string> Of(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static IReadOnlyList<Finding> Find(string text) => Scanner.Scan(new StringReader(text), "console");
}
