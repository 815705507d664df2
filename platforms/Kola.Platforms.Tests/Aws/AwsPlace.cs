using Kola.Aws;
using Kola.Machines;

namespace Kola.Platforms.Tests.Aws;

/// <summary>A server, a front before it, and an account of a test's own.</summary>
internal sealed class AwsPlace : IAsyncDisposable
{
    private readonly Scratch _scratch = new();

    private AwsPlace(Front front)
    {
        Front = front;
        string file = _scratch.File("disk.img");
        // Two blocks with something in them, two without, and the start of a fifth.
        byte[] disk = new byte[4 * EbsDirect.BlockBytes + 512];
        Random.Shared.NextBytes(disk.AsSpan(0, 1000));
        disk[3 * EbsDirect.BlockBytes + 7] = 1;
        disk[^1] = 9;
        File.WriteAllBytes(file, disk);
        Image = new Image { File = file, Format = "raw", Digest = "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(disk)), Name = "disk.img" };
    }

    public Front Front { get; }

    public Image Image { get; init; }

    public AwsDriver Driver { get; } = new();

    public Scratch Scratch => _scratch;

    public ResourceTags Tags { get; init; } = new() { Run = $"run-{Guid.NewGuid():N}", Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1) };

    public static async Task<AwsPlace> CreateAsync() => new(new Front(await Moto.EndpointAsync()));

    /// <summary>An environment with those of Amazon's documentation.</summary>
    public static string? Credentials(string variable) => variable switch { "AWS_ACCESS_KEY_ID" => "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY" => "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", _ => null };

    public PlatformAccess Access(params (string Option, string Value)[] settings) => new()
    {
        Settings = new PlatformSettings(new[] { ("aws-endpoint", Front.Endpoint.ToString()), ("aws-region", "eu-central-1"), ("aws-ssh-from", "203.0.113.7/32") }.Concat(settings)
            .GroupBy(s => s.Item1).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Item2)])),
        Environment = Credentials,
        CacheDirectory = _scratch.New("cache"),
        Clock = new FastClock(10),
        Progress = new Progress<string>(TestContext.Progress.WriteLine),
    };

    public async Task<AwsPlatform> OpenAsync(params (string Option, string Value)[] settings) =>
        (AwsPlatform)await Driver.OpenAsync(Request(settings), CancellationToken.None);

    public PlatformRequest Request(params (string Option, string Value)[] settings) => new() { Access = Access(settings), Image = Image, Tags = Tags };

    public InstanceSpec Spec(string name, MachineSpec? machine = null) => new()
    {
        Id = $"test/{name}",
        Machine = machine ?? new MachineSpec { Name = name },
        Image = Image,
        Ignition = """{ "ignition": { "version": "3.3.0" } }""",
        Directory = _scratch.New(name),
    };

    /// <summary>All that carries kola's tags in the account.</summary>
    public async Task<string[]> LeftAsync() => [.. (await Driver.FindLeftoversAsync(Access(), CancellationToken.None)).Select(l => $"{l.Kind} of {(l.Tags.Run == Tags.Run ? "the run" : l.Tags.Run)}")];

    /// <summary>Has the server end an instance as EC2 would, for a reason.</summary>
    public async Task EndAsync(string instance, string reason)
    {
        using var http = new HttpClient();
        using HttpResponseMessage answer = await http.PostAsync(new Uri(Front.Endpoint, $"/kola/end/{instance}/terminated/{reason}"), null);
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await Front.DisposeAsync();
        _scratch.Dispose();
    }
}
