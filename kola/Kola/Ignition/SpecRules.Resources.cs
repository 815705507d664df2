using System.Globalization;

namespace Kola.Ignition;

/// <summary>What is fetched.</summary>
internal static partial class SpecRules
{
    private static void OfResource(Resource resource, string path, ConfigFindings findings)
    {
        findings.Error($"{path}.compression", resource.Compression is null or "" or "gzip" ? null : "invalid compression method");
        // 3.0.0 asks it of what a file holds only.
        bool asked = findings.Since(1) || path.StartsWith("$.storage.", StringComparison.Ordinal);
        findings.Error($"{path}.verification.hash", asked && resource.Verification.Hash is not null && resource.Source is null ? "source must be specified if verification is specified" : null);
        findings.Error($"{path}.source", resource.Source is null or "" ? null : OfUrl(resource.Source, findings));
        findings.Warning($"{path}.source", resource.Source is { Length: > 0 } && GoUrl.Parse(resource.Source)?.Scheme == "oem" ? "oem: is read by Flatcar's Ignition only" : null);
        if (resource.HttpHeaders.Count > 0)
        {
            string? scheme = resource.Source is null or "" ? null : GoUrl.Parse(resource.Source)?.Scheme;
            findings.Error($"{path}.httpHeaders", scheme is null ? "unable to parse url" : scheme is "http" or "https" ? null : "cannot use HTTP headers with this source scheme");
        }
    }

    // A config to merge and a certificate are of no use without a source.
    private static void OfNeeded(Resource resource, string path, ConfigFindings findings)
    {
        if (findings.Since(1))
            findings.Error(path, resource.Source is null or "" ? "source is required" : OfUrl(resource.Source, findings));
        else if (resource.Source is null or "")
            findings.Error(path, "invalid url scheme");
    }

    private static string? OfUrl(string text, ConfigFindings findings)
    {
        if (GoUrl.Parse(text) is not { } url)
            return "unable to parse url";
        switch (url.Scheme)
        {
            // Flatcar's own patch: a file of the OEM partition.
            case "http" or "https" or "tftp" or "oem":
            case "gs" when findings.Since(2):
                return null;
            case "s3":
                return OfObjectVersion(url);
            case "arn" when findings.Since(4):
                return OfArn(url) ?? OfObjectVersion(url);
            case "data":
                return DataUrl.Decode(text).Mistake;
            default:
                return "invalid url scheme";
        }
    }

    private static string? OfObjectVersion(GoUrl url) => url.FirstQuery("versionId") is "" ? "invalid S3 object VersionId" : null;

    // arn:aws:s3:::bucket/key        arn:aws:s3:us-west-2:123456789012:accesspoint/name/object/key
    private static string? OfArn(GoUrl url)
    {
        string[] parts = $"arn:{url.Opaque}".Split(':', 6);
        int slashes = url.Opaque.Count(c => c == '/');
        return parts.Length == 6 && parts[2] == "s3" && slashes >= (parts[5].StartsWith("accesspoint/", StringComparison.Ordinal) ? 2 : 1) ? null : "invalid S3 ARN format";
    }

    private static string? OfHash(string? hash, ConfigFindings findings)
    {
        if (hash is null)
            return null;
        string[] parts = hash.Split('-', 2);
        if (parts.Length != 2)
            return "malformed hash specifier";
        int digits = parts[0] switch { "sha512" => 128, "sha256" when findings.Since(1) => 64, _ => 0 };
        return digits == 0 ? "unrecognized hash function" : GoUrl.Bytes(parts[1]) != digits ? "incorrect size for hash sum" : null;
    }

    private static string? OfProxy(string? text, string path, ConfigFindings findings)
    {
        if (text is null)
            return null;
        string? scheme = GoUrl.Parse(text)?.Scheme;
        findings.Error(path, scheme is null ? "unable to parse url" : scheme is "http" or "https" ? null : "proxies must be http(s)");
        return scheme;
    }

    private static void OfMode(long? mode, string path, ConfigFindings findings)
    {
        const long Special = 0b111_000_000_000;
        if (mode is not { } bits)
            return;
        findings.Error($"{path}.mode", bits is < 0 or > (Permissions | Special) ? "illegal file mode" : null, "a decimal number: 420 for 0644");
        if (!findings.Since(SpecialModeBits) && (bits & Special) != 0)
            findings.Warning($"{path}.mode", string.Create(CultureInfo.InvariantCulture, $"setuid/setgid/sticky bits are not supported in spec versions older than {(findings.Since(4) ? "3.6.0" : "3.4.0")}"));
    }

    private static void OfPath(string text, string path, ConfigFindings findings) => findings.Error($"{path}.path", GoPath.Mistake(text));
}
