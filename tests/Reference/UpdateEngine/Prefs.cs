using System.Globalization;
using System.Text;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>
/// Small files that outlive a restart. Each is either the old or the new one, wherever the power is cut; one that is not to be
/// understood counts as absent.
/// </summary>
internal sealed class Prefs(string directory)
{
    public const string PreviousVersion = "previous-version", AlephVersion = "aleph-version", FullResponse = "full-response",
        ResponseHash = "update-check-response-hash", NextOperation = "update-state-next-operation",
        NextDataOffset = "update-state-next-data-offset", HashState = "update-state-sha-256-context",
        SignedHashState = "update-state-signed-sha-256-context", SignatureBlob = "update-state-signature-blob",
        MetadataSize = "manifest-metadata-size", MetadataSha256 = "manifest-metadata-sha-256", ResumedFailures = "resumed-update-failures", DeltaFailures = "delta-update-failures";

    private string PathOf(string name) => Path.Combine(directory, name);

    public byte[]? Bytes(string name)
    {
        try
        {
            return File.ReadAllBytes(PathOf(name));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Null when there is none; one may be empty.</summary>
    public string? Text(string name) => Bytes(name) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    public long? Number(string name) =>
        long.TryParse(Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    public void Set(string name, long value) => Set(name, value.ToString(CultureInfo.InvariantCulture));

    public void Set(string name, string value) => Set(name, Encoding.UTF8.GetBytes(value));

    public void Set(string name, ReadOnlySpan<byte> value)
    {
        Directory.CreateDirectory(directory);
        var temporary = PathOf("." + name + ".new");
        using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            file.Write(value);
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, PathOf(name), overwrite: true);
        Native.SyncDirectory(directory);
    }

    public void Remove(string name)
    {
        if (!File.Exists(PathOf(name)))
            return;
        File.Delete(PathOf(name));
        Native.SyncDirectory(directory);
    }
}
