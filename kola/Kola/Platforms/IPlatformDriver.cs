using Kola.Machines;

namespace Kola.Platforms;

/// <summary>
/// How kola comes to a platform: its name, what can be said to it, how it is opened, and what runs have left there. A package with one public
/// class of this kind, made without arguments, is a platform: <c>kola run --platform FILE.dll</c>.
/// </summary>
public interface IPlatformDriver
{
    /// <summary>Lowercase, as given to <c>--platform</c>.</summary>
    string Name { get; }

    /// <summary>One line for <c>kola platforms</c>, without a full stop.</summary>
    string Summary { get; }

    /// <summary>What a person can say to it on the command line; the names begin with the platform's, but for what is older than this rule.</summary>
    IReadOnlyList<PlatformOption> Options { get; }

    /// <summary>What its machines can have at best; a host or an account may offer less, see <see cref="IPlatform.Features"/>.</summary>
    IReadOnlySet<Feature> Features { get; }

    /// <summary>Its bounds at best; see <see cref="IPlatform.Limits"/>.</summary>
    PlatformLimits Limits { get; }

    /// <summary>
    /// The image machines start from when it is there already and options name it, as a cloud's own image id; null when the platform takes a file.
    /// </summary>
    /// <exception cref="UsageException">There is no such image, or an option cannot be used.</exception>
    /// <exception cref="PlatformException">The endpoint does not answer.</exception>
    Task<Image?> FindImageAsync(PlatformAccess access, CancellationToken cancel);

    /// <summary>
    /// Checks options and credentials, brings the image there when it is not there yet (once for each digest; it stays), and returns a platform that
    /// can start machines. On cancellation or error nothing is left but a whole image.
    /// </summary>
    /// <exception cref="UsageException">An option cannot be used, or something is missing that a person has to see to.</exception>
    /// <exception cref="PlatformException">The place does not do what it is there for.</exception>
    Task<IPlatform> OpenAsync(PlatformRequest request, CancellationToken cancel);

    /// <summary>
    /// All that carries kola's tags there, images included, in an order in which it can be deleted: machines first, then what they used. What belongs to
    /// runs that go on is listed too; who sweeps decides by <see cref="ResourceTags"/>.
    /// </summary>
    /// <exception cref="UsageException">An option cannot be used.</exception>
    /// <exception cref="PlatformException">The endpoint does not answer.</exception>
    Task<IReadOnlyList<ILeftover>> FindLeftoversAsync(PlatformAccess access, CancellationToken cancel);
}
