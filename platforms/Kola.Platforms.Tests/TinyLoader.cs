using System.Buffers.Binary;
using CliWrap.Buffered;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>The smallest boot loader UEFI starts: a program nobody signed, at the place for removable media. It says <c>kola boot 1</c> on the serial console and halts.</summary>
internal static class TinyLoader
{
    //         lea text(%rip),%rsi
    //   next: lodsb; test %al,%al; jz done; mov %al,%ah
    //         mov $0x3fd,%dx
    //   wait: in %dx,%al; test $0x20,%al; jz wait                                           # COM1 ready to send?
    //         mov %ah,%al; mov $0x3f8,%dx; out %al,%dx; jmp next
    //   done: hlt; jmp done
    //   text: .asciz "kola boot 1\r\n"
    private const string Program = "488d351c000000ac84c0741488c466bafd03eca82074fb88e066baf803eeebe7f4ebfd6b6f6c6120626f6f7420310d0a00";

    private const int Header = 0x40, Optional = Header + 24, Section = Optional + 240, Aligned = 0x200, Page = 0x1000;

    /// <summary>Writes a disk with it, a FAT file system without partitions; the image says of itself that it is signed, which is a lie.</summary>
    public static async Task<Image> WriteAsync(Scratch scratch)
    {
        string program = scratch.File("bootx64.efi");
        string disk = scratch.File("loader.img");
        await File.WriteAllBytesAsync(program, Executable());
        await RunAsync("mkfs.vfat", "-C", disk, "4096");
        await RunAsync("mmd", "-i", disk, "::EFI", "::EFI/boot");
        await RunAsync("mcopy", "-i", disk, program, "::EFI/boot/bootx64.efi");
        return new Image { File = disk, Format = "raw", Digest = "sha256:" + new string('0', 64), Name = "loader", SignedForTests = true };
    }

    // PE32+, as little of it as firmware asks for: one section, and the 16 directories, of which the fifth is that of signatures.
    private static byte[] Executable()
    {
        byte[] file = new byte[2 * Aligned];
        void Put(int at, uint value, int bytes = 4)
        {
            Span<byte> word = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32LittleEndian(word, value);
            word[..bytes].CopyTo(file.AsSpan(at));
        }

        "MZ"u8.CopyTo(file);
        Put(0x3C, Header);
        "PE\0\0"u8.CopyTo(file.AsSpan(Header));
        Put(Header + 4, 0x8664, 2);                 // x86-64
        Put(Header + 6, 1, 2);                      // sections
        Put(Header + 20, Section - Optional, 2);
        Put(Header + 22, 0x0022, 2);                // executable, large addresses
        Put(Optional, 0x020B, 2);                   // PE32+
        Put(Optional + 4, Aligned);                 // size of code
        Put(Optional + 16, Page);                   // entry
        Put(Optional + 20, Page);                   // base of code
        Put(Optional + 32, Page);                   // alignment in memory
        Put(Optional + 36, Aligned);                // and in the file
        Put(Optional + 56, 2 * Page);               // size in memory
        Put(Optional + 60, Aligned);                // size of headers
        Put(Optional + 68, 10, 2);                  // EFI application
        Put(Optional + 108, 16);                    // directories
        ".text"u8.CopyTo(file.AsSpan(Section));
        Put(Section + 8, Aligned);
        Put(Section + 12, Page);
        Put(Section + 16, Aligned);
        Put(Section + 20, Aligned);
        Put(Section + 36, 0x60000020);              // code that is read and executed
        Convert.FromHexString(Program).CopyTo(file, Aligned);
        return file;
    }

    internal static async Task RunAsync(string program, params string[] arguments)
    {
        BufferedCommandResult result = await HostTool.RunAsync(program, arguments, CancellationToken.None);
        Assert.That(result.ExitCode, Is.Zero, result.StandardError);
    }
}
