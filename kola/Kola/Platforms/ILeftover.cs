namespace Kola.Platforms;

/// <summary>Something that carries kola's tags on a platform: a machine, a volume, a network, a key, an image.</summary>
public interface ILeftover
{
    /// <summary>What it is, by the platform's own word: <c>instance</c>, <c>domain</c>, <c>security group</c>.</summary>
    string Kind { get; }

    /// <summary>Id or name, as the platform's own tools take it.</summary>
    string Name { get; }

    /// <summary>Whose it is and until when.</summary>
    ResourceTags Tags { get; }

    /// <summary>Whether machines of a run share it, so that it goes with the platform and not with a machine: a key, a group, an image. Default no.</summary>
    bool IsShared => false;

    /// <summary>Deletes it. Returns when it is gone, also when it was gone before.</summary>
    /// <exception cref="PlatformException">It could not be deleted.</exception>
    Task DeleteAsync(CancellationToken cancel);
}
