using System.Runtime.InteropServices;

namespace Kola.Libvirt.Bindings;

/// <summary>What libvirt says of a call that failed.</summary>
public sealed class LibvirtException : Exception
{
    internal LibvirtException(ErrorCode code, int domain, ErrorLevel level, string message)
        : base(message) => (Code, Domain, Level) = (code, domain, level);

    /// <summary>What went wrong; a number without a name for what is not told apart here.</summary>
    public ErrorCode Code { get; }

    /// <summary>What part of libvirt says so, virErrorDomain: 10 the QEMU driver, 12 the test driver, 18 storage, 13 remote, 7 RPC.</summary>
    public int Domain { get; }

    /// <summary>How bad it is.</summary>
    public ErrorLevel Level { get; }

    /// <summary>The error of the call this thread made last.</summary>
    internal static unsafe LibvirtException Last()
    {
        NativeError* error = Native.virGetLastError();
        return error is null
            ? new LibvirtException(ErrorCode.None, 0, ErrorLevel.Error, "libvirt failed and does not say why")
            : new LibvirtException((ErrorCode)error->Code, error->Domain, (ErrorLevel)error->Level, Marshal.PtrToStringUTF8((nint)error->Message) ?? "");
    }
}

/// <summary>How bad an error is, virErrorLevel.</summary>
public enum ErrorLevel
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>A warning.</summary>
    Warning,

    /// <summary>An error.</summary>
    Error,
}

/// <summary>virErrorNumber, as far as callers tell errors apart.</summary>
public enum ErrorCode
{
    /// <summary>libvirt does not say.</summary>
    None = 0,

    /// <summary>A fault inside libvirt, or one it has no word for: QEMU's own last words come with it.</summary>
    InternalError = 1,

    /// <summary>No memory.</summary>
    NoMemory = 2,

    /// <summary>The driver has no such function.</summary>
    NoSupport = 3,

    /// <summary>The host was not found.</summary>
    UnknownHost = 4,

    /// <summary>No driver takes the URI.</summary>
    NoConnect = 5,

    /// <summary>The connection is none.</summary>
    InvalidConnection = 6,

    /// <summary>An argument makes no sense.</summary>
    InvalidArgument = 8,

    /// <summary>The operation failed.</summary>
    OperationFailed = 9,

    /// <summary>XML that is no description.</summary>
    XmlError = 27,

    /// <summary>There is such a domain.</summary>
    DomainExists = 28,

    /// <summary>Not allowed by this connection.</summary>
    OperationDenied = 29,

    /// <summary>Text that is no XML.</summary>
    XmlDetail = 35,

    /// <summary>There is such a network.</summary>
    NetworkExists = 37,

    /// <summary>The operating system refused: no such socket, no permission, no room.</summary>
    SystemError = 38,

    /// <summary>The connection broke.</summary>
    Rpc = 39,

    /// <summary>TLS failed.</summary>
    Tls = 40,

    /// <summary>There is no such domain.</summary>
    NoDomain = 42,

    /// <summary>There is no such network.</summary>
    NoNetwork = 43,

    /// <summary>The login was refused.</summary>
    AuthenticationFailed = 45,

    /// <summary>There is no such storage pool.</summary>
    NoStoragePool = 49,

    /// <summary>There is no such volume.</summary>
    NoStorageVolume = 50,

    /// <summary>Not in this state: the domain is off, the pool inactive.</summary>
    OperationInvalid = 55,

    /// <summary>This host cannot do what the description asks for.</summary>
    ConfigurationUnsupported = 67,

    /// <summary>It took too long.</summary>
    OperationTimeout = 68,

    /// <summary>This libvirt does not know a flag.</summary>
    ArgumentUnsupported = 74,

    /// <summary>The domain has no such metadata.</summary>
    NoDomainMetadata = 80,

    /// <summary>The driver cannot do it to this object.</summary>
    OperationUnsupported = 84,

    /// <summary>There is such a volume.</summary>
    StorageVolumeExists = 90,
}
