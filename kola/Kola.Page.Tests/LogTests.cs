using System.Text.RegularExpressions;
using Kola.Reporting;

namespace Kola.Page.Tests;

/// <summary>Logs: searched, opened at a line, and missed when they are not there.</summary>
public sealed class LogTests
{
    private static readonly string[] s_lines = [.. Enumerable.Range(1, 60_000).Select(i => i == 41_234 ? "systemd[1]: needle.service: Failed with result 'exit-code'." : $"kernel: line {i} of the journal")];

    private static Place Small() => Place.Of(
        HostileTests.Run(("net.one", Outcome.Passed, null), ("net.two", Outcome.Failed, "machine: no\n  see:     _kola/latest/net.two/machine/journal.txt:41234")),
        ("net.one/machine/console.txt", "SeaBIOS\r\n[ \u001b[0;31mFAILED\u001b[0m ] a Needle on the console\r\nlogin: "),
        ("net.two/machine/journal.txt", string.Join("\n", s_lines) + "\n"),
        ("net.two/machine/ssh.log", "exit 0  $ true\n"));

    [Test]
    public async Task A_search_finds_a_line_in_a_console_and_in_a_journal()
    {
        using Place place = Small();
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        await sheet.PressAsync("l");
        await sheet.Page.Keyboard.TypeAsync("needle");
        await sheet.PressAsync("Enter");
        await sheet["#log-status[data-done='2']"].WaitForAsync();
        Assert.That(await sheet.TextAsync("#log-status"), Does.StartWith("Searched 3 of 3 logs").And.Contain("2 lines found"));
        Assert.That(await sheet["#hits .found"].AllInnerTextsAsync(), Is.EquivalentTo(new[] { "2[ FAILED ] a Needle on the console", "41234systemd[1]: needle.service: Failed with result 'exit-code'." }));
        Assert.That(await sheet["#hits .near"].AllInnerTextsAsync(), Does.Contain("SeaBIOS").And.Contain("kernel: line 41233 of the journal").And.Contain("kernel: line 41235 of the journal"), "with its neighbours");
        Assert.That(await sheet["#hits .hit h3"].AllInnerTextsAsync(), Has.Some.Contains("net.one").And.Some.Contains("net.two"));

        await sheet["#hits .found mark"].First.WaitForAsync();
        await sheet["#log-case"].CheckAsync();
        await sheet["#log-words"].PressAsync("Enter");
        await sheet["#log-status[data-done='1']"].WaitForAsync();
        await sheet["#log-regex"].CheckAsync();
        await sheet["#log-words"].FillAsync("Needle on|line 5999[89] ");
        await sheet["#log-words"].PressAsync("Enter");
        await sheet["#log-status[data-done='3']"].WaitForAsync();
        await sheet["#log-words"].FillAsync("(");
        await sheet["#log-words"].PressAsync("Enter");
        Assert.That(await sheet.TextAsync("#log-status"), Does.Contain("Invalid regular expression"));
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task One_tests_logs_are_searched_from_that_test()
    {
        using Place place = Small();
        await using Sheet sheet = await Browser.OpenAsync(place.Page, hash: "#test=net.one");
        await sheet["#test-dialog button:has-text('Search its logs')"].ClickAsync();
        await sheet["#log-words"].FillAsync("needle");
        await sheet["#log-words"].PressAsync("Enter");
        await sheet["#log-status[data-done='1']"].WaitForAsync();
        Assert.That(await sheet.TextAsync("#log-status"), Does.StartWith("Searched 1 of 1 log"));
    }

    [Test]
    public async Task The_viewer_opens_at_the_line_and_holds_only_what_is_in_sight()
    {
        using Place place = Small();
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        await sheet[".card a:has-text('journal.txt:41234')"].First.ClickAsync();
        await sheet[".log-line.at"].WaitForAsync();
        Assert.That(await sheet.TextAsync(".log-line.at"), Does.Contain("41234").And.Contain("needle.service"));
        await Assertions.Expect(sheet[".log-line.at"]).ToBeInViewportAsync();
        Assert.That(await sheet[".log-line"].CountAsync(), Is.LessThan(200));
        Assert.That(await sheet.TextAsync("#log-note"), Does.Contain("60000 lines"));

        await sheet["#log-find"].FillAsync("line 59999 ");
        await Assertions.Expect(sheet[".log-line.at"]).ToContainTextAsync("line 59999 of");
        await Assertions.Expect(sheet[".log-line.at"]).ToBeInViewportAsync();
        await sheet.PressAsync("Escape");
        await sheet.PressAsync("Escape");
        await Assertions.Expect(sheet["#log-dialog"]).ToBeHiddenAsync();
        Assert.That(sheet.Faults, Is.Empty);
    }

    [Test]
    public async Task A_link_leads_to_a_line()
    {
        using Place place = Small();
        await using Sheet sheet = await Browser.OpenAsync(place.Page, hash: "#log=net.one%2Fmachine%2Fconsole.txt:2");
        await Assertions.Expect(sheet[".log-line.at"]).ToContainTextAsync("[ FAILED ] a Needle on the console");
        Assert.That(await sheet["#log-dialog a:has-text('as a file')"].GetAttributeAsync("href"), Is.EqualTo("./net.one/machine/console.txt"));
    }

    [Test]
    public async Task Without_the_side_files_it_says_so_and_all_else_works()
    {
        using Place place = Place.Simulated(60, 1 << 20);
        Directory.Delete(Path.Combine(place.Directory, "report-logs"), recursive: true);
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        await Assertions.Expect(sheet["#logs-missing"]).ToBeVisibleAsync();
        Assert.That(await sheet.TextAsync("#logs-missing"), Does.Contain("opened without the directory report-logs"));
        await sheet["#log-words"].FillAsync("kernel");
        await sheet["#log-words"].PressAsync("Enter");
        await sheet["#log-status[data-done='0']"].WaitForAsync();
        Assert.That(await sheet.TextAsync("#log-status"), Does.Match("could not be read"));
        await sheet[".card h3 a"].First.ClickAsync();
        await sheet["#test-dialog .machines a.button"].First.ClickAsync();
        await Assertions.Expect(sheet["#log-note"]).ToContainTextAsync("This log is not here");
        await sheet.PressAsync("Escape");
        Assert.That(await sheet.TextAsync("#test-dialog"), Does.Contain("Commands and waits").And.Contain("Last lines"));
        Assert.That(sheet.Faults.Where(fault => !fault.Contains("ERR_FILE_NOT_FOUND", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public void Written_again_the_side_files_are_those_of_now()
    {
        using Place place = Small();
        File.Delete(Path.Combine(place.Directory, "net.two/machine/ssh.log"));
        File.WriteAllText(Path.Combine(place.Directory, "report-logs", "mine.txt"), "kept");
        Rendering.WriteAll(place.Report, place.Directory);
        Assert.That(Directory.GetFiles(Path.Combine(place.Directory, "report-logs")).Select(Path.GetFileName).Order(StringComparer.Ordinal), Is.EqualTo(new[] { "0.js", "1.js", "mine.txt" }));
        Assert.That(File.ReadAllText(Path.Combine(place.Directory, "report-logs", "1.js")), Does.Match(new Regex("^kolaLog\\(1,\"net\\.two/machine/journal\\.txt\",\"[A-Za-z0-9+/=]+\"\\);\n$").ToString()));
    }
}
