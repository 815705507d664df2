using System.Text.Json;

namespace Kola.Qemu;

/// <summary>What an image says of itself in <c>NAME.json</c> beside <c>NAME.img</c>. Members not listed here are for others to read.</summary>
internal sealed record ImageSidecar
{
    /// <summary>The only schema read.</summary>
    public const string Known = "kola.image/1";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);
    private static readonly Dictionary<string, Feature> s_features =
        Enum.GetValues<Feature>().ToDictionary(f => JsonSerializer.Serialize(f).Trim('"'));

    public string? Schema { get; init; }

    public string? Version { get; init; }

    public string? Variant { get; init; }

    public string? Channel { get; init; }

    public string? Architecture { get; init; }

    public string? IgnitionMaximum { get; init; }

    public SidecarKernel? Direct { get; init; }

    /// <summary>What it can be started by.</summary>
    public IReadOnlyList<string> Firmware { get; init; } = [];

    public IReadOnlyList<string> Lacks { get; init; } = [];

    /// <summary>The sidecar's path for an image: <c>flatcar.img.bz2</c> and <c>flatcar.img</c> have <c>flatcar.json</c>.</summary>
    public static string PathFor(string image)
    {
        string uncompressed = Path.GetExtension(image) is ".bz2" or ".gz" or ".xz" or ".zst" ? Path.ChangeExtension(image, null) : image;
        return Path.ChangeExtension(uncompressed, ".json");
    }

    /// <summary>Adds what the sidecar says; an image without one is a Flatcar release of unknown version.</summary>
    /// <exception cref="UsageException">It does not parse, or names something that does not exist.</exception>
    public static async Task<Image> DescribeAsync(Image image, string path, CancellationToken cancel)
    {
        if (!File.Exists(path))
            return image;
        ImageSidecar sidecar = Parse(path, await File.ReadAllTextAsync(path, cancel));
        return image with
        {
            Name = sidecar.Variant ?? image.Name,
            Version = sidecar.Version,
            Channel = sidecar.Channel,
            Variant = sidecar.Variant,
            Architecture = sidecar.Architecture ?? image.Architecture,
            IgnitionMaximum = sidecar.IgnitionMaximum ?? image.IgnitionMaximum,
            Direct = sidecar.Direct is null ? null : Kernel(path, sidecar.Direct),
            SignedForTests = sidecar.Firmware.Contains("secure-boot"),
            Lacks = [.. sidecar.Lacks.Select(name => FeatureNamed(path, name))],
        };
    }

    /// <summary>Reads the JSON.</summary>
    internal static ImageSidecar Parse(string path, string text)
    {
        ImageSidecar sidecar;
        try
        {
            sidecar = JsonSerializer.Deserialize<ImageSidecar>(text, s_json) ?? throw new JsonException("it is null");
        }
        catch (JsonException problem)
        {
            throw Wrong(path, "does not parse", $"JSON, schema {Known}", problem.Message);
        }

        if (sidecar.Schema != Known)
            throw Wrong(path, "has a schema this kola does not read", Known, sidecar.Schema ?? "none");
        if (sidecar.Architecture is not (null or "amd64" or "arm64"))
            throw Wrong(path, "names an architecture kola does not run", "amd64 or arm64", sidecar.Architecture);
        return sidecar;
    }

    private static DirectBoot Kernel(string path, SidecarKernel direct) => new()
    {
        Kernel = Beside(path, "kernel", direct.Kernel),
        Initrd = Beside(path, "initrd", direct.Initrd),
        CommandLine = direct.CommandLine ?? throw Wrong(path, "has no command line for its kernel", "direct.commandLine", "none"),
    };

    private static string Beside(string path, string what, string? name)
    {
        if (string.IsNullOrEmpty(name))
            throw Wrong(path, $"names no {what}", $"direct.{what}, a file beside it", "none");
        string file = Path.Combine(Path.GetDirectoryName(path)!, name);
        return File.Exists(file) ? file : throw Wrong(path, $"names a {what} that is not there", file, "no such file");
    }

    private static Feature FeatureNamed(string path, string name) => s_features.TryGetValue(name, out Feature feature)
        ? feature
        : throw Wrong(path, $"lacks a feature nobody knows, \"{name}\"", string.Join(", ", s_features.Keys), name);

    private static UsageException Wrong(string path, string what, string wanted, string got) =>
        new($"image: its description {what}: {path}\n  wanted:  {wanted}\n  got:     {got}\n  next:    correct the description, or remove it to have the image taken for a Flatcar release");
}

/// <summary>File names are relative to the sidecar.</summary>
internal sealed record SidecarKernel(string? Kernel, string? Initrd, string? CommandLine);
