using System.Globalization;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>What files take on disk. Images and memory are mostly holes, and .NET tells lengths only.</summary>
internal static class DiskUse
{
    /// <summary>Bytes each path takes, directories with all that is in them. What vanishes meanwhile has no entry.</summary>
    public static async Task<IReadOnlyDictionary<string, long>> OfAsync(IReadOnlyList<string> paths, CancellationToken cancel)
    {
        if (paths.Count == 0)
            return new Dictionary<string, long>();
        BufferedCommandResult du = await HostTool.RunAsync("du", ["--summarize", "--block-size=1", "--", .. paths], cancel);
        // 123456	/path
        return du.StandardOutput.Split('\n').Select(line => line.Split('\t', 2)).Where(line => line.Length == 2)
            .ToDictionary(line => line[1], line => long.Parse(line[0], CultureInfo.InvariantCulture));
    }
}
