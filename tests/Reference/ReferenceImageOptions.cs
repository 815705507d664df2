namespace Flatcar.Reference;

/// <summary>What to build and where to keep it.</summary>
public sealed record ReferenceImageOptions
{
    /// <summary>
    /// Directory of kola's caches; everything goes below <c>reference-image/</c> in it. A finished image takes 0.8 GiB there, the
    /// package layer 0.8 GiB, a running build 2 GiB more. It has to be on a file system with sparse files.
    /// </summary>
    public required string CacheDirectory { get; init; }

    /// <summary>What the image calls itself: VERSION_ID and, with "+reference", VERSION of its os-release. Three numbers.</summary>
    public string Version { get; init; } = "4459.0.0";

    /// <summary>Where packages come from.</summary>
    public Uri DebianMirror { get; init; } = new("http://deb.debian.org/debian");

    /// <summary>Debian release the recipe is written for.</summary>
    public string DebianSuite { get; init; } = "trixie";
}
