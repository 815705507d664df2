using System.Globalization;
using System.Text.RegularExpressions;
using Kola.Reporting;

namespace Kola.Page.Tests;

/// <summary>The page as a person sees and uses it.</summary>
public sealed class PageTests
{
    private static Place s_place = null!;

    [OneTimeSetUp]
    public static void Make() => s_place = Place.Simulated();

    [OneTimeTearDown]
    public static void Remove() => s_place.Dispose();

    [Test]
    public async Task The_verdict_comes_first_and_counts_all_seven_outcomes()
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        Assert.That(await sheet.TextAsync("main > section:first-of-type h1"), Is.EqualTo("Gate closed"));
        Assert.That(await sheet.TextAsync("#verdict .exit"), Does.StartWith("Exit code 1: the image is wrong"));
        foreach ((Outcome outcome, int count) in s_place.Report.Counts)
        {
            string word = outcome == Outcome.NotRun ? "not-run" : outcome.ToString().ToLowerInvariant();
            Assert.That(await sheet.TextAsync($".count[data-outcome='{word}']"), Does.Match($@"^{count}\s+\S\s*{word}$"), word);
            Assert.That(await sheet[$"#rows tr .badge.o-{word}"].CountAsync(), Is.EqualTo(count), $"{word} in the table");
        }

        Assert.That(await sheet["#reasons li"].AllInnerTextsAsync(), Is.EqualTo(s_place.Report.Gate.Reasons));
        string facts = await sheet.TextAsync("#verdict");
        Assert.That(facts, Does.Contain(s_place.Report.Run!.Image.Digest).And.Contain("4711").And.Contain("kola run --image").And.Contain("4459.0.0").And.Contain("0.1.0+simulated"));
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task A_failure_shows_what_was_wanted_beside_what_was_got()
    {
        TestReport failed = s_place.First(Outcome.Failed);
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        ILocator card = sheet[$".card[data-test='{failed.Id}']"];
        Assert.That(await card.Locator(".first").InnerTextAsync(), Is.EqualTo(failed.Message!.Split('\n')[0]));
        LocatorBoundingBoxResult wanted = (await card.Locator(".f-wanted").BoundingBoxAsync())!, got = (await card.Locator(".f-got").BoundingBoxAsync())!;
        Assert.That((wanted.Y, wanted.X < got.X), Is.EqualTo((got.Y, true)), "side by side");
        await card.Locator("details > summary").First.ClickAsync();
        await card.Locator(".attempt").First.WaitForAsync();
        string text = await card.InnerTextAsync();
        Assert.That(text, Does.Contain("Decided by").And.Contain("Machines").And.Contain("Commands and waits").And.Contain("Last lines").And.Contain("systemctl --failed"));
        Assert.That(await card.Locator(".kept a").First.GetAttributeAsync("href"), Does.Match(@"^\./.+/failed-units\.txt$"));
        Assert.That(await card.Locator(".transcript tr.bad").CountAsync(), Is.EqualTo(1), "the command that failed");
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task The_table_is_filtered_by_text_outcome_and_tag_and_sorted()
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        TestReport some = s_place.Report.Tests[7];
        await sheet["#filter"].FillAsync(some.Id);
        Assert.That(await sheet["#rows tr[data-i]"].CountAsync(), Is.EqualTo(s_place.Report.Tests.Count(test => test.Id.Contains(some.Id, StringComparison.Ordinal))));
        await sheet["#filter"].FillAsync("no test is called so");
        Assert.That(await sheet.TextAsync("#rows"), Does.Contain("No test is like that"));
        await sheet["#filter"].FillAsync("");
        await sheet[".chip.o-flaky"].ClickAsync();
        Assert.That(await sheet["#rows tr .badge"].AllInnerTextsAsync(), Has.Count.EqualTo(s_place.Report.Counts[Outcome.Flaky]).And.All.Contains("flaky"));
        await sheet[".chip.o-flaky"].ClickAsync();
        string tag = s_place.Report.Tests.SelectMany(test => test.Tags).First();
        await sheet["#tag"].SelectOptionAsync(tag);
        Assert.That(await sheet["#rows tr[data-i]"].CountAsync(), Is.EqualTo(s_place.Report.Tests.Count(test => test.Tags.Contains(tag))));
        await sheet["#tag"].SelectOptionAsync("");
        await sheet["th[data-key='seconds'] button"].ClickAsync();
        Assert.That(await sheet.TextAsync("#rows tr:first-child .c-id a"), Is.EqualTo(s_place.Report.Tests.MaxBy(test => test.ElapsedSeconds)!.Id));
        Assert.That(await sheet["th[data-key='seconds']"].GetAttributeAsync("aria-sort"), Is.EqualTo("descending"));
    }

    [Test]
    public async Task The_keys_do_what_the_help_says()
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        await sheet.PressAsync("?");
        Assert.That(await sheet.TextAsync("#help-dialog"), Does.Contain("next test that failed"));
        await sheet.PressAsync("Escape");
        Assert.That(await sheet["#help-dialog"].IsVisibleAsync(), Is.False);
        await sheet.PressAsync("j");
        await sheet.PressAsync("j");
        await sheet.PressAsync("k");
        Assert.That(await sheet.Page.EvaluateAsync<string>("document.activeElement.rowIndex + ' ' + document.querySelectorAll('tr.at').length"), Is.EqualTo("1 1"));
        await sheet.PressAsync("Enter");
        await sheet["#test-dialog[open]"].WaitForAsync();
        string id = await sheet.TextAsync("#test-dialog-title");
        Assert.That(sheet.Page.Url, Does.EndWith($"#test={Uri.EscapeDataString(id)}"));
        await sheet.PressAsync("f");
        await Assertions.Expect(sheet["#test-dialog-title"]).Not.ToHaveTextAsync(id);
        Assert.That(await sheet.TextAsync("#test-dialog .badge"), Does.Match("failed|broken|not-run"));
        await sheet.PressAsync("Escape");
        await Assertions.Expect(sheet["#test-dialog"]).ToBeHiddenAsync();
        await Assertions.Expect(sheet.Page).ToHaveURLAsync(new Regex("report\\.html$"));
        await sheet.PressAsync("/");
        await sheet.Page.Keyboard.TypeAsync("jjk?");
        Assert.That(await sheet["#filter"].InputValueAsync(), Is.EqualTo("jjk?"), "typed, not taken for keys");
        await sheet.PressAsync("Escape");
        Assert.That(await sheet["#filter"].InputValueAsync(), Is.Empty);
    }

    [Test]
    public async Task Dark_follows_the_system_and_a_choice_is_remembered()
    {
        static Task<int> Ground(Sheet sheet) => sheet.Page.EvaluateAsync<int>("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])");
        await using (Sheet dark = await Browser.OpenAsync(s_place.Page, ColorScheme.Dark))
            Assert.That(await Ground(dark), Is.LessThan(60));
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        Assert.That(await Ground(sheet), Is.GreaterThan(200));
        await sheet["#theme"].ClickAsync();
        Assert.That(await Ground(sheet), Is.LessThan(60));
        await sheet.Page.ReloadAsync();
        Assert.That(await Ground(sheet), Is.LessThan(60));
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task A_link_leads_to_a_test_also_to_one_that_never_ran([Values(Outcome.Passed, Outcome.NotRun, Outcome.Skipped, Outcome.Broken)] Outcome outcome)
    {
        TestReport test = s_place.First(outcome);
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page, hash: $"#test={Uri.EscapeDataString(test.Id)}");
        await sheet["#test-dialog[open]"].WaitForAsync();
        Assert.That(await sheet.TextAsync("#test-dialog-title"), Is.EqualTo(test.Id));
        await Assertions.Expect(sheet["#test-dialog"]).ToContainTextAsync(test.Attempts.Count == 0 ? "It never got its turn." : "Machines");
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task The_timeline_shows_every_attempt_its_neighbours_and_can_be_zoomed()
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page);
        await sheet["#timeline"].ScrollIntoViewIfNeededAsync();
        int attempts = s_place.Report.Tests.Sum(test => test.Attempts.Count);
        await Assertions.Expect(sheet["#time .t-item"]).ToHaveCountAsync(attempts);
        await sheet["#time .t-item rect.t-outcome"].Nth(attempts / 2).HoverAsync();
        Assert.That(await sheet.TextAsync("#tip"), Does.Contain("ready in").And.Match("beside|alone"));
        await sheet["#timeline button[aria-label='Zoom in']"].ClickAsync();
        await sheet["#timeline button[aria-label='Zoom in']"].ClickAsync();
        Assert.That(await sheet["#time .t-item"].CountAsync(), Is.LessThan(attempts));
        await sheet["#timeline [data-mode='tests']"].ClickAsync();
        await sheet["#timeline button[aria-label='The whole run']"].ClickAsync();
        Assert.That(await sheet["#time line.s-wait"].CountAsync(), Is.GreaterThan(attempts / 2), "who waited");
        await sheet["#time .t-item .t-id"].First.ClickAsync();
        await sheet["#test-dialog[open]"].WaitForAsync();
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task It_fits_a_phone_and_is_usable_without_a_mouse()
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page, width: 380);
        Assert.That(await sheet.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), Is.LessThanOrEqualTo(380));
        Assert.That(await sheet.Page.EvaluateAsync<int>("[...document.querySelectorAll('button, input, select, a')].filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.closest('label'))).length"), Is.Zero, "everything that can be pressed has a name");
        Assert.That(await sheet.Page.EvaluateAsync<int>("document.querySelectorAll('[id]').length - new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"), Is.Zero);
    }

    [Test]
    public async Task Every_colour_of_an_outcome_has_contrast([Values(ColorScheme.Light, ColorScheme.Dark)] ColorScheme scheme)
    {
        await using Sheet sheet = await Browser.OpenAsync(s_place.Page, scheme);
        string poor = await sheet.Page.EvaluateAsync<string>("""
            () => {
              const light = css => { const [r, g, b] = css.match(/[\d.]+/g).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
              const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
              const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
              return [...document.querySelectorAll(".badge, .count span, .count b, .chip, .faint, .under, .label, h1, h2, h3, dt, dd, th, td a")].map(e => [e, ratio(getComputedStyle(e).color, behind(e))]).filter(([, r]) => r < 4.5).map(([e, r]) => `${e.className} ${e.textContent.slice(0, 20)} ${r.toFixed(2)}`).slice(0, 5).join("; ");
            }
            """);
        Assert.That(poor, Is.Empty);
    }

    [Test]
    public async Task What_changed_since_an_earlier_run_is_shown()
    {
        using Place earlier = Place.Simulated(seed: 1);
        using Place now = Place.Simulated(against: report => RunDiff.Of([earlier.Report], [report]));
        var diff = RunDiff.Of([earlier.Report], [now.Report]);
        await using Sheet sheet = await Browser.OpenAsync(now.Page);
        Assert.That(await sheet["#diff .k-new-failure li"].CountAsync(), Is.EqualTo(diff.Changes.Count(change => change.Kind == ChangeKind.NewFailure)).And.GreaterThan(0));
        Assert.That(await sheet["#diff .k-fixed li"].CountAsync(), Is.EqualTo(diff.Changes.Count(change => change.Kind == ChangeKind.Fixed)).And.GreaterThan(0));
        Assert.That(await sheet.TextAsync("#verdict .since"), Does.Contain("new failure"));
        Assert.That(await sheet.TextAsync("#diff"), Does.Contain("cannot tell a slower test from a slow moment"));
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task A_run_that_is_clean_says_so()
    {
        using Place place = Place.Of(HostileTests.Run(("a", Outcome.Passed, null)));
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        Assert.That(await sheet.TextAsync("h1"), Is.EqualTo("Gate open"));
        Assert.That(await sheet.TextAsync("#failures"), Does.Contain("Every test that ran passed"));
        await Assertions.Expect(sheet["#log-status"]).ToHaveTextAsync("This run kept no logs.");
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task A_run_that_died_is_shown_as_far_as_it_came([Values(1, 2, 3, 5)] int events, [Values] bool headless)
    {
        IReadOnlyList<RunEvent> all = HostileTests.Run(("a", Outcome.Passed, null), ("b", Outcome.Passed, null));
        using Place place = Place.Of(all.Skip(headless ? 1 : 0).Take(events));
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        Assert.That(await sheet.TextAsync("h1"), Is.EqualTo("Gate closed"));
        Assert.That(await sheet["#problems li"].AllInnerTextsAsync(), Is.EqualTo(place.Report.Problems));
        Assert.That(await sheet.TextAsync("#verdict .exit"), Does.StartWith("Exit code 3"));
        await sheet["#timeline"].ScrollIntoViewIfNeededAsync();
        await sheet["#time svg"].WaitForAsync();
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task Five_hundred_tests_open_at_once()
    {
        using Place place = Place.Simulated(500, 4 << 20);
        Assert.That(new FileInfo(place.Page).Length, Is.LessThan(1 << 20));
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        double painted = double.Parse((await sheet["html"].GetAttributeAsync("data-painted"))!, CultureInfo.InvariantCulture);
        TestContext.Out.WriteLine($"painted after {painted} ms");
        Assert.That(await sheet["#rows tr"].CountAsync(), Is.EqualTo(500));
        Assert.That(painted, Is.LessThan(10_000), "kola bench page measures; this tells when it is lost");
    }
}
