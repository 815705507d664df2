using System.Security.Cryptography;
using Kola.Clouds;
using Kola.Machines;
using Kola.Platforms.Tests.Aws;

namespace Kola.Platforms.Tests.Recording;

/// <summary>A cloud of a test's own: a recorder, and all that is needed to come to it.</summary>
internal sealed class CloudPlace : IAsyncDisposable
{
    private readonly Scratch _scratch = new();
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly (string Option, string Value)[] _settings;

    public CloudPlace(IPlatformDriver driver, Recorder recorder, IReadOnlyDictionary<string, string> environment, params (string Option, string Value)[] settings)
    {
        (Driver, Recorder, _environment, _settings) = (driver, recorder, environment, settings);
        byte[] disk = RandomNumberGenerator.GetBytes(1 << 16);
        File.WriteAllBytes(_scratch.File("disk.img"), disk);
        Image = new Image { File = _scratch.File("disk.img"), Format = "raw", Digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(disk)), Name = "disk.img" };
    }

    public IPlatformDriver Driver { get; }

    public Recorder Recorder { get; }

    public Scratch Scratch => _scratch;

    /// <summary>A disk of noise; nothing boots it.</summary>
    public Image Image { get; init; }

    public ResourceTags Tags { get; init; } = new() { Run = "run-1", Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), MadeBy = Maker.Self };

    public PlatformAccess Access(params (string Option, string Value)[] settings) => new()
    {
        Settings = new PlatformSettings(_settings.Concat(settings).GroupBy(s => s.Option).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Value)])),
        Environment = name => _environment.GetValueOrDefault(name),
        CacheDirectory = _scratch.New("cache"),
        Clock = new FastClock(50),
        Progress = new Progress<string>(TestContext.Progress.WriteLine),
    };

    public PlatformRequest Request(params (string Option, string Value)[] settings) => new() { Access = Access(settings), Image = Image, Tags = Tags };

    public async Task<CloudPlatform> OpenAsync(params (string Option, string Value)[] settings) => (CloudPlatform)await Driver.OpenAsync(Request(settings), CancellationToken.None);

    public InstanceSpec Spec(string name, string config = """{ "ignition": { "version": "3.3.0" } }""") => new()
    {
        Id = $"test/{name}",
        Machine = new MachineSpec { Name = name },
        Image = Image,
        Ignition = config,
        Directory = _scratch.New(name),
    };

    public async Task<CloudInstance> StartAsync(CloudPlatform platform, string name = "machine") => (CloudInstance)await platform.StartAsync(Spec(name), CancellationToken.None);

    /// <summary>What carries kola's tags there, as kinds and names.</summary>
    public async Task<IReadOnlyList<string>> LeftAsync() => [.. (await Driver.FindLeftoversAsync(Access(), CancellationToken.None)).Select(l => $"{l.Kind} of {l.Tags.Run}")];

    /// <summary>Every request was one the provider takes.</summary>
    public void Conforms() => Assert.That(Recorder.Violations, Is.Empty);

    public async ValueTask DisposeAsync()
    {
        await Recorder.DisposeAsync();
        _scratch.Dispose();
    }
}
