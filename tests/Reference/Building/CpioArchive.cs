using System.Globalization;
using System.Text;

namespace Flatcar.Reference.Building;

/// <summary>Writes an initramfs: cpio in "newc" form, everything owned by root and dated 0.</summary>
internal sealed class CpioArchive(Stream output)
{
    private const int DirectoryType = 0x4000, FileType = 0x8000, LinkType = 0xA000, CharacterDeviceType = 0x2000;

    private int inode = 1;
    private long written;

    public void AddDirectory(string name, int mode = 0x1ED) => Add(name, DirectoryType | mode, [], 0, 0);

    public void AddFile(string name, byte[] data, int mode = 0x1A4) => Add(name, FileType | mode, data, 0, 0);

    public void AddLink(string name, string target) => Add(name, LinkType | 0x1FF, Encoding.UTF8.GetBytes(target), 0, 0);

    public void AddCharacterDevice(string name, int major, int minor) => Add(name, CharacterDeviceType | 0x180, [], major, minor);

    /// <summary>Writes the trailer; nothing can be added afterwards.</summary>
    public void Finish() => Add("TRAILER!!!", 0, [], 0, 0);

    private void Add(string name, int mode, byte[] data, int major, int minor)
    {
        var header = new StringBuilder("070701");
        foreach (var field in (int[])[inode++, mode, 0, 0, 1, 0, data.Length, 0, 0, major, minor, name.Length + 1, 0])
            header.Append(field.ToString("x8", CultureInfo.InvariantCulture));
        Write(Encoding.ASCII.GetBytes(header + name + "\0"));
        Write(data);
    }

    private void Write(byte[] data)
    {
        output.Write(data);
        written += data.Length;
        while (written % 4 != 0)
        {
            output.WriteByte(0);
            written++;
        }
    }
}
