namespace Flatcar.Reference;

/// <summary>What an update to a version of the reference image is made of.</summary>
/// <param name="Version">Three numbers.</param>
/// <param name="Usr">Content of a USR partition, raw and sparse: the file system, its hash tree behind it.</param>
/// <param name="Kernel">The kernel with the root hash of that /usr in it.</param>
public sealed record ReferenceRelease(string Version, string Usr, string Kernel);
