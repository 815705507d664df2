using Kola.Reporting;

namespace Kola.Page.Tests;

/// <summary>Whatever a machine, a test or a policy says is text: it runs nothing, loads nothing and leads nowhere.</summary>
public sealed class HostileTests
{
    private const string Attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover=alert(3) '><svg onload=alert(4)> javascript:alert(5) \u2028\u2029 {{data}} ${alert(6)} <!-- ]]> \u0000\u001b[31m";

    internal static IReadOnlyList<RunEvent> Run(params (string Test, Outcome Outcome, string? Message)[] tests)
    {
        DateTimeOffset at = new(2026, 11, 22, 18, 15, 0, TimeSpan.Zero);
        IEnumerable<RunEvent> One((string Test, Outcome Outcome, string? Message) test) =>
        [
            new TestStarted { At = at, Test = test.Test, Attempt = 1, DeadlineSeconds = 600 },
            new MachineStarted { At = at, Test = test.Test, Machine = "machine", Address = "core@127.0.0.1:2222", Directory = RunDirectory.DirectoryOf(test.Test, 1, "machine") },
            new TestEnded { At = at.AddSeconds(9), Test = test.Test, Attempt = 1, Outcome = test.Outcome, Message = test.Message, ElapsedSeconds = 9 },
        ];
        return
        [
            new RunStarted { At = at, Run = "qemu-1", Kola = "0", CommandLine = ["kola", "run"], Platform = "qemu", Facts = new Dictionary<string, string>(), Image = new Image { File = "/i", Format = "raw", Digest = "sha256:0", Name = "i" }, Slowness = 1 },
            .. tests.Select(test => new TestPlanned { At = at, Test = test.Test, Sentence = "It holds" }),
            .. tests.SelectMany(One),
            new RunEnded { At = at.AddSeconds(10), ElapsedSeconds = 10 },
        ];
    }

    [Test]
    public async Task Hostile_text_is_text()
    {
        string id = $"a.{Attack}", directory = RunDirectory.DirectoryOf(id, 1, "machine");
        DateTimeOffset at = new(2026, 11, 22, 18, 15, 5, TimeSpan.Zero);
        List<RunEvent> events = [.. Run((id, Outcome.Failed, $"machine: {Attack}\n  wanted:  {Attack}\n  got:     {Attack}\n  see:     javascript:alert(7)\n  next:    {Attack}\n{Attack}"))];
        events[0] = ((RunStarted)events[0]) with { Run = Attack, Kola = Attack, CommandLine = [Attack], Platform = Attack, Facts = new Dictionary<string, string> { [Attack] = Attack }, Image = ((RunStarted)events[0]).Image with { Name = Attack, Version = Attack } };
        events[1] = ((TestPlanned)events[1]) with { Sentence = Attack, Tags = [Attack], Known = new KnownFailure(Attack, new DateOnly(2020, 1, 1), "javascript:alert(8)", Attack) };
        events.InsertRange(events.Count - 2,
        [
            new CommandRan { At = at, Test = id, Machine = "machine", Command = Attack, ExitCode = 1, ElapsedSeconds = 1 },
            new WaitEnded { At = at, Test = id, Machine = Attack, For = Attack, Held = false, ElapsedSeconds = 1, LastSeen = Attack },
            new StepEnded { At = at, Test = id, Attempt = 1, Step = Attack, Outcome = Outcome.Failed, Message = Attack, ElapsedSeconds = 1 },
            new FindingMade { At = at, Test = id, Machine = "machine", Check = Attack, Title = Attack, Source = "console", File = "javascript:alert(9)", Line = 1, Text = Attack },
            new EvidenceKept { At = at, Test = id, Machine = "machine", What = Attack, File = "../../javascript:alert(10)", By = Attack },
            new CleanupFailed { At = at, What = Attack, Message = Attack },
            new TemplateDropped { At = at, Template = Attack, Why = Attack },
        ]);
        string line = Attack.Replace("\u0000", "", StringComparison.Ordinal);
        using Place place = Place.Of(events, ($"{directory}/console.txt", $"one\n{line}\nthree\n"), ($"{directory}/journal.txt", line));
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        await sheet[".card details summary"].First.ClickAsync();
        await sheet[".card .attempt .transcript"].WaitForAsync();
        await sheet["#timeline"].ScrollIntoViewIfNeededAsync();
        await sheet["#time svg"].WaitForAsync();
        await sheet["#log-words"].FillAsync("<script>");
        await sheet.PressAsync("Enter");
        await sheet["#log-status[data-done]"].WaitForAsync();
        Assert.That(await sheet.TextAsync("#hits"), Does.Contain("<script>alert(1)</script><img src=x onerror=alert(2)>"));
        await sheet["#hits a.found"].First.ClickAsync();
        await sheet[".log-line.at"].WaitForAsync();
        await sheet.PressAsync("Escape");
        await sheet[".card h3 a"].ClickAsync();
        await sheet["#test-dialog .transcript"].WaitForAsync();

        Assert.That(sheet.Faults, Is.Empty, "no dialog, no script, and nothing the content policy had to stop");
        Assert.That(await sheet.TextAsync(".card .first"), Does.Contain("</script><script>alert(1)</script><img src=x"));
        Assert.That(await sheet.TextAsync(".card .f-got pre"), Does.Contain("<svg onload=alert(4)>"));
        Assert.That(await sheet["main img, main svg svg, main iframe, main script, main object, main form[action]"].CountAsync(), Is.Zero);
        Assert.That(await sheet.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('a')].map(a => a.protocol).filter(p => p !== 'file:')"), Is.Empty, "every link is to a file of the run or a place in the page");
        Assert.That(await sheet.Page.EvaluateAsync<string[]>("[...document.querySelectorAll('a')].map(a => a.pathname)"), Has.All.StartsWith(place.Directory));
        Assert.That(await sheet.Page.EvaluateAsync<int>("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes]).filter(a => a.name.startsWith('on')).length"), Is.Zero);
        Assert.That(sheet.Requests, Has.All.Match(@"/report\.html$|/report-logs/\d+\.js$"));
    }

    [Test]
    public async Task The_policy_of_the_page_stops_what_text_may_not_be()
    {
        using Place place = Place.Of(Run(("a", Outcome.Passed, null)));
        await using Sheet sheet = await Browser.OpenAsync(place.Page);
        // Whoever finds a hole in the page still finds these closed.
        Assert.That(await sheet.Page.EvaluateAsync<string>("() => { try { document.body.innerHTML = '<b>x</b>'; return 'let through'; } catch (e) { return e.name; } }"), Is.EqualTo("TypeError"));
        Assert.That(await sheet.Page.EvaluateAsync<string>("() => { try { const s = document.createElement('script'); s.src = 'other.js'; return 'let through'; } catch (e) { return e.name; } }"), Is.EqualTo("TypeError"));
        Assert.That(await sheet.Page.EvaluateAsync<string>("() => fetch('report.html').then(() => 'let through', e => e.name)"), Is.EqualTo("TypeError"));
        Assert.That(await sheet.Page.EvaluateAsync<string>("() => new Promise(end => { const i = new Image(); i.onload = () => end('let through'); i.onerror = () => end('stopped'); i.src = 'data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA='; })"), Is.EqualTo("stopped"));
    }

    [Test]
    public void No_key_of_the_run_is_in_the_page_or_beside_it()
    {
        const string Secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ";
        using Place place = Place.Of(Run(("a", Outcome.Failed, "machine: no")), ("id_ed25519", Secret), ("a/machine/id_ed25519", Secret), ("a/machine/ignition.json", Secret), ("a/machine/console.txt", "hello\n"), ("console.txt", Secret));
        string elsewhere = Directory.CreateTempSubdirectory("kola-key-").FullName;
        try
        {
            // A link in the run's directory is not followed out of it.
            File.WriteAllText(Path.Combine(elsewhere, "console.txt"), Secret);
            Directory.CreateSymbolicLink(Path.Combine(place.Directory, "a", "linked"), elsewhere);
            Directory.CreateDirectory(Path.Combine(place.Directory, "a", "other"));
            File.CreateSymbolicLink(Path.Combine(place.Directory, "a", "other", "journal.txt"), Path.Combine(elsewhere, "console.txt"));
            Rendering.WriteAll(place.Report, place.Directory);
            string[] side = Directory.GetFiles(Path.Combine(place.Directory, "report-logs"));
            Assert.That(side.Select(file => File.ReadAllText(file).Split(',')[1]), Is.EqualTo(new[] { "\"a/machine/console.txt\"" }));
            Assert.That(File.ReadAllText(place.Page), Does.Not.Contain(Secret[..12]));
        }
        finally
        {
            Directory.Delete(elsewhere, recursive: true);
        }
    }
}
