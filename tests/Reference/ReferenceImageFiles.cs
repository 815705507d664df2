namespace Flatcar.Reference;

/// <summary>A finished image on disk. Never write to these files: boot overlays of them.</summary>
/// <param name="Directory">Where they all are.</param>
/// <param name="Image">Raw, sparse, 12.3 GiB long.</param>
/// <param name="Sidecar">What kola has to know of the image, as JSON of schema kola.image/1.</param>
/// <param name="Digest">"sha256:…" of the recipe and the options.</param>
public sealed record ReferenceImageFiles(string Directory, string Image, string Sidecar, string Digest);
