using System.Security.Cryptography;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Fetches a system extension that came with the last offer: a payload of its own, unpacked into a file.</summary>
internal static class SysextDownload
{
    /// <summary>Exit code for an extension that the offer does not have.</summary>
    private const int NotOffered = 2;

    /// <param name="file">Name of the payload, as <c>flatcar-python.gz</c>.</param>
    /// <param name="target">File to be made; there whole or not at all.</param>
    public static async Task<int> RunAsync(Places places, string file, string target, CancellationToken cancel)
    {
        var prefs = new Prefs(places.Prefs);
        var (codeBases, packages) = OmahaResponse.Packages(prefs.Text(Prefs.FullResponse) ?? "");
        if (packages.FirstOrDefault(p => p.Name.EndsWith(file, StringComparison.Ordinal)) is not { } package)
        {
            Log.Error($"{file} is not offered");
            return NotOffered;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var (temporary, scratch) = (target + ".new", target + ".prefs");
        try
        {
            await File.WriteAllBytesAsync(temporary, [], cancel);
            var bytes = new MemoryStream();
            using var transfer = new Transfer(places);
            await new PayloadDownload(transfer, TimeSpan.FromSeconds(20), () => { }).RunAsync(codeBases[0] + package.Name, long.MaxValue, null, ImageProperties.Read(places), false, bytes.Write, cancel);
            var data = bytes.ToArray();
            if (package.HashSha256 != "" && !package.HashSha256.Equals(Convert.ToHexString(SHA256.HashData(data)), StringComparison.OrdinalIgnoreCase))
                throw new UpdateException(ErrorCode.PayloadHash, $"{package.Name}: wrong sha256");
            using var apply = new PayloadApply(temporary, scratch + "/kernel", new Prefs(scratch), TimeProvider.System, null, _ => true);
            apply.Write(data);
            apply.Finish(new() { CodeBases = codeBases, Name = package.Name, Version = "", Size = data.Length, Sha256 = Convert.ToBase64String(SHA256.HashData(data)) }, places.Key);
            apply.Verify(cancel);
            File.Move(temporary, target, overwrite: true);
            Native.SyncDirectory(Path.GetDirectoryName(target)!);
            return 0;
        }
        finally
        {
            File.Delete(temporary);
            if (Directory.Exists(scratch))
                Directory.Delete(scratch, recursive: true);
        }
    }
}
