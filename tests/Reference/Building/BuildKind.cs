namespace Flatcar.Reference.Building;

/// <summary>Something that is built here.</summary>
/// <param name="Name">What messages call it.</param>
/// <param name="Folder">Its directory below the cache directory.</param>
/// <param name="Room">What a build takes on disk at its most.</param>
/// <param name="Needs">What the host has to have; null for nothing.</param>
internal sealed record BuildKind(string Name, string Folder, string Room, Prerequisites? Needs);
