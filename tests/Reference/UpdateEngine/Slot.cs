using System.Globalization;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>A USR partition.</summary>
/// <param name="Device">As /dev/vda3.</param>
internal sealed record Slot(string Device)
{
    public string Name => Path.GetFileName(Device);

    /// <summary>3 or 4, the number's last digit.</summary>
    public char Partition => Device[^1];

    public int Number => int.Parse(File.ReadAllText($"/sys/class/block/{Name}/partition"), CultureInfo.InvariantCulture);

    /// <summary>The whole disk, as /dev/vda.</summary>
    public string Disk => "/dev/" + Path.GetFileName(Path.GetDirectoryName(new DirectoryInfo($"/sys/class/block/{Name}").ResolveLinkTarget(returnFinalTarget: true)!.FullName))!;

    /// <summary>The other slot.</summary>
    public Slot Other => Partition switch
    {
        '3' => new(Device[..^1] + '4'),
        '4' => new(Device[..^1] + '3'),
        _ => throw new UpdateException(ErrorCode.ResponseHandler, $"{Device} is no slot: its number does not end in 3 or 4"),
    };

    /// <summary>The partition /usr runs from, whatever lies over it: dm-verity, and overlays of system extensions.</summary>
    public static Slot Running()
    {
        // 30 1 254:0 / /usr ro,relatime - ext4 /dev/mapper/usr ro
        string? device = null;
        foreach (var line in File.ReadLines("/proc/self/mountinfo"))
        {
            var fields = line.Split(' ');
            if (fields.Length > 4 && fields[4] == "/usr" && Directory.Exists("/sys/dev/block/" + fields[2]))
                device = fields[2];
        }
        if (device is null)
            throw new UpdateException(ErrorCode.ResponseHandler, "/usr is on no block device");
        var name = Path.GetFileName(new DirectoryInfo("/sys/dev/block/" + device).ResolveLinkTarget(returnFinalTarget: true)!.FullName);
        while (Directory.Exists($"/sys/class/block/{name}/slaves") && Directory.EnumerateFileSystemEntries($"/sys/class/block/{name}/slaves").FirstOrDefault() is { } below)
            name = Path.GetFileName(below);
        return new("/dev/" + name);
    }
}
