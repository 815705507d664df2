using System.Security.Cryptography;
using System.Text;

namespace Flatcar.Reference.Kubernetes;

/// <summary>The list of a directory's files and their digests, in the form of sha256sum.</summary>
internal static class ChecksumList
{
    /// <summary>Writes <c>SHA256SUMS</c> in a directory, over all files below some of its folders, in ordinal order.</summary>
    public static async Task WriteAsync(string directory, IReadOnlyList<string> folders, CancellationToken cancel)
    {
        var text = new StringBuilder();
        var files = folders.SelectMany(f => Directory.EnumerateFiles(Path.Combine(directory, f), "*", SearchOption.AllDirectories))
            .Select(f => Path.GetRelativePath(directory, f)).Order(StringComparer.Ordinal);
        foreach (var file in files)
        {
            await using var content = File.OpenRead(Path.Combine(directory, file));
            // 306c6ca7407560340797866e077e053627ad409277d1b9da58106fce4cf717cb  bin/crictl
            text.Append(Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancel))).Append("  ").Append(file).Append('\n');
        }
        await File.WriteAllTextAsync(Path.Combine(directory, KubernetesDistribution.ChecksumsName), text.ToString(), cancel);
    }
}
