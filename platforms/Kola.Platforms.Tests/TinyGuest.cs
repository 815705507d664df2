namespace Kola.Platforms.Tests;

/// <summary>
/// The smallest guest there is: a boot sector. It counts its boots on its own disk, says <c>kola boot N</c> on the serial console, and
/// then halts or powers the machine off. Most of what a platform promises needs no more, and it boots in a second when emulated.
/// </summary>
internal static class TinyGuest
{
    //   start: cli; xor %ax,%ax; mov %ax,%ds; mov %ax,%es; mov %ax,%ss; mov $0x7c00,%sp
    //          incb count
    //          mov $0x0301,%ax; mov $0x0001,%cx; xor %dh,%dh; mov $0x7c00,%bx; int $0x13    # write this sector back
    //          mov $text,%si
    //   next:  mov $0x3fd,%dx
    //   wait:  in %dx,%al; test $0x20,%al; jz wait                                           # COM1 ready to send?
    //          lodsb; test %al,%al; jz done
    //          mov $0x3f8,%dx; out %al,%dx; jmp next
    //   done:  mov power,%al; test %al,%al; jz halt
    //          mov $0x86,%ah; mov $0x1e,%cx; xor %dx,%dx; int $0x15                           # two seconds: whoever started it looks first
    //          mov $0x604,%dx; mov $0x2000,%ax; out %ax,%dx                                  # ACPI: soft off
    //   halt:  hlt; jmp halt
    //   text:  .ascii "kola boot "
    //   count: .ascii "0"; .byte 13, 10, 0
    //   power: .byte 0
    private const string Program =
        "fa31c08ed88ec08ed0bc007cfe06577cb80103b9010030f6bb007ccd13be4d7cbafd03eca82074fbac84c07406baf803eeebeda05b7c84c07410b486b91e0031d2cd15ba0406b80020eff4ebfd" +
        "6b6f6c6120626f6f7420300d0a0000";

    private const int PowerOffAt = 0x5b;
    private const int Bytes = 1 << 20;

    /// <summary>Writes it as a raw disk.</summary>
    public static Image Write(string file, bool powersOff = false)
    {
        byte[] disk = new byte[Bytes];
        Convert.FromHexString(Program).CopyTo(disk, 0);
        disk[PowerOffAt] = powersOff ? (byte)1 : (byte)0;
        (disk[510], disk[511]) = (0x55, 0xAA);
        File.WriteAllBytes(file, disk);
        return new Image { File = file, Format = "raw", Digest = "sha256:" + new string('0', 64), Name = "tiny" };
    }
}
