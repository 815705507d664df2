using System.Text.Json;
using System.Text.Json.Nodes;
using CliWrap.Buffered;

namespace Kola.Qemu;

/// <summary>What <c>qemu-img info</c> says of a disk image.</summary>
/// <param name="Format"><c>raw</c>, <c>qcow2</c>, …; anything unknown is <c>raw</c>.</param>
/// <param name="VirtualBytes">Size as the guest sees it.</param>
internal sealed record DiskInfo(string Format, long VirtualBytes)
{
    /// <summary>Reads it; null when qemu-img cannot open the file.</summary>
    public static async Task<DiskInfo?> ReadAsync(string file, CancellationToken cancel)
    {
        BufferedCommandResult result = await HostTool.RunAsync("qemu-img", ["info", "--output=json", file], cancel);
        return result.ExitCode == 0 ? Parse(result.StandardOutput) : null;
    }

    /// <summary>Of its JSON, e.g. <c>{"virtual-size": 5368709120, "format": "qcow2", …}</c>.</summary>
    internal static DiskInfo Parse(string json)
    {
        JsonNode info = JsonNode.Parse(json) ?? throw new JsonException("qemu-img printed null");
        return new DiskInfo(info["format"]!.GetValue<string>(), info["virtual-size"]!.GetValue<long>());
    }
}
