using System.Buffers.Binary;
using System.Text;
using Flatcar.Reference.Building;
using NUnit.Framework;

namespace Flatcar.Reference.Tests;

public sealed class KernelImageTests
{
    private const int Sections = 4, OptionalHeader = 0xA0;

    [Test]
    public void The_root_hash_takes_the_place_of_the_PE_header_which_moves_behind_it()
    {
        var kernel = Kernel();
        var hash = new string('5', 64);
        var result = KernelImage.WithRootHash(kernel, hash);
        Assert.That(Encoding.ASCII.GetString(result, 0x40, 64), Is.EqualTo(hash));
        Assert.That(BinaryPrimitives.ReadInt32LittleEndian(result.AsSpan(0x3C)), Is.EqualTo(0x80));
        var length = 24 + OptionalHeader + Sections * 40;
        Assert.That(result[0x80..(0x80 + length)], Is.EqualTo(kernel[0x40..(0x40 + length)]));
        Assert.That(result[0x1F1..], Is.EqualTo(kernel[0x1F1..]));
    }

    [Test]
    public void A_kernel_without_room_for_it_is_refused()
    {
        var kernel = Kernel();
        kernel[0x1E0] = 7;
        Assert.That(() => KernelImage.WithRootHash(kernel, new string('5', 64)), Throws.TypeOf<ReferenceBuildException>());
    }

    /// <summary>The first page of a Debian kernel: PE header at 0x40, 0xFF up to the setup header.</summary>
    private static byte[] Kernel()
    {
        var kernel = new byte[8192];
        kernel.AsSpan(0x40, 0x1B1).Fill(0xFF);
        for (var i = 0x40; i < 0x40 + 24 + OptionalHeader + Sections * 40; i++)
            kernel[i] = (byte)i;
        "PE\0\0"u8.CopyTo(kernel.AsSpan(0x40));
        BinaryPrimitives.WriteInt32LittleEndian(kernel.AsSpan(0x3C), 0x40);
        BinaryPrimitives.WriteUInt16LittleEndian(kernel.AsSpan(0x46), Sections);
        BinaryPrimitives.WriteUInt16LittleEndian(kernel.AsSpan(0x54), OptionalHeader);
        "HdrS"u8.CopyTo(kernel.AsSpan(0x202));
        return kernel;
    }
}
