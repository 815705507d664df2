using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Flatcar.Reference.Building;

/// <summary>The files embedded in this assembly that say what is in the image; the builder's own sources are among them, for the digest.</summary>
internal static class Recipe
{
    private static readonly Assembly Assembly = typeof(Recipe).Assembly;

    private static readonly string[] Directories = ["Recipe/", "Init/", "UpdateEngine/", "Payloads/", "Gpt/", "Building/", "Keys/"];

    /// <summary>Names such as <c>Recipe/root/etc/hosts</c>, in ordinal order.</summary>
    public static IReadOnlyList<string> Names { get; } = SourcesIn(Directories);

    public static byte[] Read(string name)
    {
        using var stream = Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"the recipe has no {name}");
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }

    /// <summary>Words of a list file: anything between white space, without comment lines.</summary>
    public static IReadOnlyList<string> Words(string name) =>
        [.. Lines(name).SelectMany(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>Lines of a list file, without comments and empty ones.</summary>
    public static IReadOnlyList<string> Lines(string name) =>
        [.. Encoding.UTF8.GetString(Read(name)).Split('\n').Select(l => l.Trim()).Where(l => l != "" && l[0] != '#')];

    public static string Digest(ReferenceImageOptions options) => "sha256:" + Hash(
        Names, $"{options.Version} {options.DebianSuite}");

    /// <summary>Key of what the images of all versions have in common; 64 hex digits.</summary>
    public static string BaseDigest(ReferenceImageOptions options) => Hash(Names, options.DebianSuite);

    /// <summary>Key of what mmdebstrap makes: packages and suite, whatever the rest of the recipe does.</summary>
    public static string LayerDigest(ReferenceImageOptions options) => Hash(
        [], $"{options.DebianSuite} {string.Join(' ', Words("Recipe/packages.txt").Order(StringComparer.Ordinal))}");

    /// <summary>Key of what is made of some of the directories alone; 64 hex digits.</summary>
    public static string DigestOf(IReadOnlyList<string> directories) => Hash(SourcesIn(directories), "");

    /// <summary>Names of the files in directories such as <c>Init/</c>, in ordinal order.</summary>
    public static IReadOnlyList<string> SourcesIn(IReadOnlyList<string> directories) =>
        [.. Assembly.GetManifestResourceNames()
            .Where(n => directories.Any(d => n.StartsWith(d, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];

    /// <exception cref="ReferenceBuildException">It is not of the form 4459.0.0.</exception>
    public static void CheckVersion(string version)
    {
        var parts = version.Split('.');
        if (parts.Length == 3 && parts.All(p => p.Length is > 0 and < 7 && p.All(char.IsAsciiDigit)))
            return;
        throw ReferenceBuildException.Of("its version cannot be used", "three numbers, as 4459.0.0", $"\"{version}\"", "give another version").About(ReferenceImage.Kind);
    }

    private static string Hash(IReadOnlyList<string> names, string more)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in names)
        {
            var data = Read(name);
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name}\0{data.Length}\0")));
            hash.AppendData(data);
        }
        hash.AppendData(Encoding.UTF8.GetBytes(more));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
