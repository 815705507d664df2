using System.Net;
using System.Xml;
using Amazon.Runtime;

namespace Kola.Aws;

/// <summary>What AWS says when it does not do what it is asked, as one of the kinds of blame.</summary>
internal static class AwsFault
{
    private static readonly HashSet<string> s_refused =
    [
        "AuthFailure", "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "UnrecognizedClient", "MissingAuthenticationToken", "ExpiredToken",
        "ExpiredTokenException", "RequestExpired", "OptInRequired", "Blocked", "PendingVerification", "UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "InvalidAccessKeyId",
    ];

    private static readonly HashSet<string> s_quota =
    [
        "VcpuLimitExceeded", "InstanceLimitExceeded", "MaxSpotInstanceCountExceeded", "SpotMaxPriceTooLow", "VolumeLimitExceeded", "SnapshotLimitExceeded", "PendingSnapshotLimitExceeded",
        "SecurityGroupLimitExceeded", "ResourceLimitExceeded", "ImageLimitExceeded", "InsufficientFreeAddressesInSubnet", "AddressLimitExceeded", "ServiceQuotaExceededException",
        "ConcurrentSnapshotLimitExceeded", "KeyPairLimitExceeded",
    ];

    private static readonly HashSet<string> s_capacity =
    [
        "InsufficientInstanceCapacity", "InsufficientHostCapacity", "InsufficientReservedInstanceCapacity", "InsufficientCapacity", "Server.InsufficientInstanceCapacity", "Unsupported",
        "InsufficientFreeAddressesInSubnet", "SpotMaxPriceTooLow", "Server.SpotInstanceTermination",
    ];

    private static readonly HashSet<string> s_throttled = ["RequestLimitExceeded", "Throttling", "ThrottlingException", "RequestThrottled", "RequestThrottledException", "EC2ThrottledException", "TooManyRequestsException"];

    /// <summary>The error code behind a fault, <c>InvalidInstanceID.NotFound</c>; empty when AWS did not answer with one.</summary>
    internal static string CodeOf(Exception fault) => (fault as AmazonServiceException ?? fault.InnerException as AmazonServiceException)?.ErrorCode ?? "";

    /// <summary>Whether a fault says that what was asked for is not there.</summary>
    internal static bool IsNotFound(Exception fault) => CodeOf(fault) is { } code && (code.EndsWith(".NotFound", StringComparison.Ordinal) || code is "InvalidAMIID.Unavailable" or "ResourceNotFoundException");

    /// <summary>Whether another zone or instance type may have what this one does not.</summary>
    internal static bool IsNoCapacity(Exception fault) => s_capacity.Contains(CodeOf(fault));

    /// <summary>Whether the reason of a state says the same: <c>Server.InsufficientInstanceCapacity</c>.</summary>
    internal static bool IsNoCapacity(string reason) => s_capacity.Contains(reason);

    /// <summary>Whether it was asked too often.</summary>
    internal static bool IsThrottled(Exception fault) => s_throttled.Contains(CodeOf(fault));

    /// <summary>Whether it did not answer, or not with what can be read.</summary>
    internal static bool IsSilence(Exception fault)
    {
        // An answer that was cut off is no XML.
        bool lost = fault is HttpRequestException or TimeoutException or IOException or WebException or XmlException or AmazonUnmarshallingException;
        return lost || fault is AmazonClientException { InnerException: HttpRequestException or TimeoutException or IOException };
    }

    /// <summary>As one of the kinds of blame.</summary>
    /// <param name="what">What was asked for, as a verb without its subject: <c>start an instance</c>.</param>
    /// <param name="fault">What the SDK threw.</param>
    /// <param name="otherwise">What it shows when nothing else is known.</param>
    /// <param name="opening">Whether no machine has been started: credentials that are refused are the caller's mistake then.</param>
    internal static KolaException Of(string what, Exception fault, Signal otherwise, bool opening)
    {
        string code = CodeOf(fault);
        string got = code.Length > 0 ? $"{code}: {Brief(fault.Message)}"
            : fault is AmazonServiceException { StatusCode: not 0 } unknown ? FormattableString.Invariant($"HTTP status {(int)unknown.StatusCode}, and no error of EC2's")
            : Brief(fault.InnerException?.Message ?? fault.Message);
        string head = $"aws: could not {what}";
        if (s_refused.Contains(code))
        {
            string message = $"{head}\n  wanted:  credentials that may\n  got:     {got}\n  next:    {NextFor(code)}";
            return opening ? new UsageException(message, fault) : new PlatformException(Signal.Quota, message, fault);
        }

        if (s_quota.Contains(code) || s_capacity.Contains(code) || s_throttled.Contains(code))
            return new PlatformException(Signal.Quota, $"{head}\n  got:     {got}\n  next:    {NextFor(code)}", fault);
        if (IsSilence(fault))
            return new PlatformException(otherwise, $"{head}: the endpoint does not answer\n  got:     {got}\n  next:    look at the network of this host, and at --aws-endpoint and --aws-region", fault);
        return new PlatformException(otherwise, $"{head}\n  got:     {got}", fault);
    }

    private static string NextFor(string code) => code switch
    {
        "UnauthorizedOperation" or "AccessDenied" or "AccessDeniedException" => "have the permission given to whom the credentials belong; docs/platforms/aws.md lists what is needed",
        "VcpuLimitExceeded" or "MaxSpotInstanceCountExceeded" => "run fewer machines at once (--max-machines), or have the quota \"Running On-Demand Standard instances\" raised",
        "InstanceLimitExceeded" or "ResourceLimitExceeded" => "run fewer machines at once (--max-machines), or have the quota raised",
        "InsufficientFreeAddressesInSubnet" => "give another subnet as well: --aws-subnet",
        "OptInRequired" or "Blocked" or "PendingVerification" => "see to the account, or take another region",
        _ when s_refused.Contains(code) => "log in again (aws sso login), or give others: --aws-profile",
        _ when s_capacity.Contains(code) => "give other types or zones as well: --aws-type, --aws-zone",
        _ when s_throttled.Contains(code) => "run fewer machines at once (--max-machines); others of the account ask as well",
        _ => "kola gc --platform aws takes away what earlier runs have left; else have the quota raised",
    };

    // An authorization failure carries kilobytes of encoded text.
    private static string Brief(string message)
    {
        int encoded = message.IndexOf("Encoded authorization failure message", StringComparison.Ordinal);
        string brief = (encoded >= 0 ? message[..encoded] : message).ReplaceLineEndings(" ").Trim();
        return brief.Length > 400 ? brief[..400] + "…" : brief;
    }
}
