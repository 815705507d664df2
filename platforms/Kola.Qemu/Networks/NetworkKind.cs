namespace Kola.Qemu;

/// <summary>What a segment of a test is.</summary>
public enum NetworkKind
{
    /// <summary>A switch in user space. Needs no privileges.</summary>
    User,

    /// <summary>A bridge of the kernel, in a network namespace of the test's own. Needs root.</summary>
    Bridge,
}
