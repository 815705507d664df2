using System.CommandLine;
using System.Text.RegularExpressions;

namespace Kola.Cli;

/// <summary>What machines may be updated with, and whether tests that take very long are wanted: the same for whoever plans a run.</summary>
internal sealed partial class UpdateOptions
{
    private const string Auto = "auto";
    private const string None = "none";

    private readonly Option<string[]> _payloads = new("--update-payload")
    {
        Description = "A payload machines are updated with, the one under test first: FILE, or VERSION=FILE where the file's name does not say the version. May be given several times. auto makes those of the two releases before the reference image, its own, and the next; none skips all tests that need one. Default: auto for the reference image and root, none else.",
        HelpName = "[VERSION=]FILE|auto|none",
    };

    private readonly Option<string?> _key = new("--update-key") { Description = "Public key (PEM) the payloads are signed for, put into machines whose image has another one.", HelpName = "FILE" };
    private readonly Option<bool> _long = new("--long") { Description = "Run also what takes long beside a test like it that does not, such as a power cut at each of many points of an update." };

    internal void AddTo(Command command)
    {
        command.Add(_payloads);
        command.Add(_key);
        command.Add(_long);
    }

    /// <summary>What the command line says, held against the files it names.</summary>
    /// <exception cref="UsageException">A file is missing, a version is not known, or words contradict each other.</exception>
    internal UpdateChoice Read(ParseResult parsed)
    {
        string[] words = parsed.GetValue(_payloads) ?? [];
        if (words.Length > 1 && words.FirstOrDefault(w => w is Auto or None) is { } alone)
            throw new UsageException($"--update-payload {alone}\n  wanted:  no other --update-payload beside it\n  got:     {string.Join(", ", words)}");
        return new UpdateChoice
        {
            Automatic = words is [] ? null : words is [Auto],
            Files = words is [Auto] or [None] ? [] : [.. words.Select(PayloadOf)],
            Key = parsed.GetValue(_key) is { } file ? ReadKey(file) : null,
            Long = parsed.GetValue(_long),
        };
    }

    /// <summary>The version a file's name says; null where it says none.</summary>
    internal static string? VersionIn(string file) => InFileName().Match(Path.GetFileName(file)) is { Success: true } match ? match.Groups["version"].Value : null;

    private static UpdatePayload PayloadOf(string word)
    {
        Match named = Named().Match(word);
        string file = Path.GetFullPath(named.Success ? named.Groups["file"].Value : word);
        if (!File.Exists(file))
            throw new UsageException($"--update-payload {word}\n  wanted:  a payload file, {Auto} or {None}\n  got:     no such file: {file}");
        return (named.Success ? named.Groups["version"].Value : VersionIn(file)) is { } version
            ? new UpdatePayload(version, file)
            : throw new UsageException($"--update-payload {word}\n  wanted:  its version\n  got:     a file name without one\n  next:    --update-payload 4460.0.0={word}");
    }

    private static string ReadKey(string file)
    {
        try
        {
            string text = File.ReadAllText(file);
            return text.Contains("-----BEGIN PUBLIC KEY-----", StringComparison.Ordinal)
                ? text
                : throw new UsageException($"--update-key {file}\n  wanted:  a public key in PEM (BEGIN PUBLIC KEY)\n  next:    openssl rsa -in PRIVATE.pem -pubout");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--update-key {file}: cannot be read: {fault.Message}", fault);
        }
    }

    // 4460.0.0=flatcar_production_update.gz
    [GeneratedRegex(@"^(?<version>\d+\.\d+\.\d+)=(?<file>.+)$")]
    private static partial Regex Named();

    // flatcar-4460.0.0.gz
    [GeneratedRegex(@"(?<![\d.])(?<version>\d+\.\d+\.\d+)(?![\d])")]
    private static partial Regex InFileName();
}

/// <summary>What <see cref="UpdateOptions"/> read.</summary>
internal sealed record UpdateChoice
{
    /// <summary>Whether payloads of the reference image are made; null where nothing was said.</summary>
    internal bool? Automatic { get; init; }

    /// <summary>The payloads that were named.</summary>
    internal IReadOnlyList<UpdatePayload> Files { get; init; } = [];

    /// <summary>Public key, PEM; null for the image's own.</summary>
    internal string? Key { get; init; }

    /// <summary>Run also what takes very long.</summary>
    internal bool Long { get; init; }

    /// <summary>Whether payloads are to be made for an image. They are made as root; who is not root, and did not ask for them, has his other tests run.</summary>
    /// <exception cref="UsageException">It was asked for, and the image is no reference image.</exception>
    internal bool Makes(Image image) => Automatic == true && !ReferencePayloads.CanBeMadeFor(image)
        ? throw new UsageException($"--update-payload auto\n  wanted:  the reference image\n  got:     {image.Name}\n  next:    name the payload: --update-payload FILE")
        : Automatic ?? (Files.Count == 0 && ReferencePayloads.CanBeMadeFor(image) && Environment.IsPrivilegedProcess);

    /// <summary>What that lets tests ask for.</summary>
    internal IEnumerable<Feature> FeaturesFor(Image image)
    {
        bool makes = Makes(image);
        if (makes || Files.Count > 0)
            yield return Feature.UpdatePayload;
        if (makes || image.Version is { } version && Files.Count > 1 && Files.Any(f => Version.Parse(f.Version) < Version.Parse(version.Split('+', '-')[0])))
            yield return Feature.UpdateReleases;
        if (Long)
        {
            yield return Feature.LongRun;
            yield return Feature.FullSpeed;
        }
    }
}
