using Kola.Libvirt.Bindings;

namespace Kola.Libvirt;

/// <summary>What a failed call of libvirt means for a run.</summary>
internal static class LibvirtFault
{
    /// <summary>The place's fault, with libvirt's own words.</summary>
    /// <param name="who">The machine or host.</param>
    /// <param name="what">What was tried: <c>starting it</c>.</param>
    /// <param name="problem">What libvirt said.</param>
    public static PlatformException Of(string who, string what, LibvirtException problem) =>
        new(SignalOf(problem), $"{who}: {what} failed\n  got:     {Line(problem.Message)} (libvirt error {(int)problem.Code} of domain {problem.Domain})", problem);

    /// <summary>Why a host cannot be had.</summary>
    /// <param name="uri">Its URI.</param>
    /// <param name="problem">What libvirt said.</param>
    public static KolaException OfConnecting(string uri, LibvirtException problem)
    {
        string message = $"libvirt: {HostUri.Shown(uri)} does not answer\n  wanted:  a libvirtd, or virtqemud, that lets this user in\n  got:     {Line(problem.Message)}";
        return problem.Code switch
        {
            ErrorCode.AuthenticationFailed or ErrorCode.Tls => new PlatformException(Signal.Quota, message, problem),
            ErrorCode.SystemError or ErrorCode.NoConnect when HostUri.IsLocal(uri) => new UsageException($"{message}\n  next:    apt-get install libvirt-daemon-system, and adduser $USER libvirt; or name another host with --{LibvirtOptions.UriOption}", problem),
            _ => new PlatformException(Signal.Host, message, problem),
        };
    }

    private static Signal SignalOf(LibvirtException problem) => problem switch
    {
        { Code: ErrorCode.NoMemory } => Signal.HostMemory,
        { Message: var words } when words.Contains("annot allocate memory", StringComparison.Ordinal) || words.Contains("cannot set up guest memory", StringComparison.Ordinal) => Signal.HostMemory,
        { Message: var words } when words.Contains("No space left", StringComparison.Ordinal) => Signal.HostStorage,
        { Code: ErrorCode.Rpc or ErrorCode.InvalidConnection } => Signal.Host,
        _ => Signal.Emulator,
    };

    // QEMU's last words come with line ends.
    private static string Line(string message) => string.Join(' ', message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
