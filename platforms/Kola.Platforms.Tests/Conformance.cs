using Kola.Conformance;
using Kola.Machines;

namespace Kola.Platforms.Tests;

/// <summary>The conformance kit as a fixture: run once, then a test for each promise.</summary>
internal sealed class Conformance
{
    private readonly Dictionary<string, PromiseResult> _results;

    private Conformance(ConformanceReport report)
    {
        Report = report;
        _results = report.Results.ToDictionary(r => r.Promise.Id);
    }

    /// <summary>Ids of all promises, for a test's cases.</summary>
    public static IEnumerable<string> Promises => Promise.All.Select(p => p.Id);

    public ConformanceReport Report { get; }

    /// <summary>Where images are unpacked and hashed, which takes half a minute: a person who tries again is not made to wait again.</summary>
    public static string Cache => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "kola-contract");

    /// <summary>The image of the second tier, which boots machines for minutes; skips the test where that was not asked for.</summary>
    public static string NeedSecondTier()
    {
        if (Environment.GetEnvironmentVariable("KOLA_TIER") != "platforms" || Environment.GetEnvironmentVariable("KOLA_IMAGE") is not { Length: > 0 } file)
        {
            Assert.Ignore("takes minutes: scripts/test-platforms");
            return "";
        }

        return file;
    }

    /// <summary>Opens a platform, tries all it promises, and closes it.</summary>
    public static async Task<Conformance> RunAsync(IPlatformDriver driver, PlatformRequest request, Scratch scratch)
    {
        await using IPlatform platform = await driver.OpenAsync(request, CancellationToken.None);
        TestContext.Progress.WriteLine(string.Join('\n', platform.Facts.Select(f => $"{f.Key}: {f.Value}")));
        await using var kit = new ConformanceKit(new ConformanceRequest
        {
            Driver = driver,
            Access = request.Access,
            Platform = platform,
            Image = request.Image,
            Tags = request.Tags,
            Directory = scratch.New("conformance"),
        });
        return new Conformance(await kit.RunAsync(new Told(), CancellationToken.None));
    }

    /// <summary>Fails when a promise is not kept.</summary>
    /// <param name="promise">Its id.</param>
    /// <param name="notOffered">Whether the platform does not make it; it is an error then that it does.</param>
    public void Check(string promise, bool notOffered)
    {
        PromiseResult result = _results[promise];
        Assert.That(result.Outcome, Is.EqualTo(notOffered ? PromiseOutcome.NotOffered : PromiseOutcome.Kept), ConformanceReport.Line(result));
    }

    /// <summary>What a platform is opened with in a test.</summary>
    public static PlatformRequest Request(Scratch scratch, Image image, string cache, params (string Option, string Value)[] settings) => new()
    {
        Access = new PlatformAccess
        {
            Settings = new PlatformSettings(settings.GroupBy(s => s.Option).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Value)])),
            CacheDirectory = cache,
            Clock = TimeProvider.System,
            Progress = new Progress<string>(TestContext.Progress.WriteLine),
        },
        Image = image,
        Tags = new ResourceTags { Run = "conformance-" + Path.GetFileName(scratch.Path), Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), MadeBy = Maker.Self },
    };

    private sealed class Told : IProgress<PromiseResult>
    {
        public void Report(PromiseResult value) => TestContext.Progress.WriteLine(ConformanceReport.Line(value));
    }
}
