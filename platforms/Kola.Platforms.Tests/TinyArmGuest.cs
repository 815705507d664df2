namespace Kola.Platforms.Tests;

/// <summary>The smallest guest there is for arm64: a kernel of 85 bytes. It says <c>kola boot</c> on the serial console, and then halts or powers the machine off.</summary>
internal static class TinyArmGuest
{
    //   start: b begin; nop
    //   begin: adr x0, text
    //          movz x1, #0x0900, lsl #16                                                     # the UART of QEMU's virt
    //   next:  ldrb w2, [x0], #1; cbz w2, done
    //   wait:  ldr w3, [x1, #0x18]; tbnz w3, #5, wait                                        # PL011 ready to send?
    //          str w2, [x1]; b next
    //   done:  adr x0, power; ldrb w0, [x0]; cbz w0, halt
    //          movz w0, #0x8400, lsl #16; movk w0, #8; hvc #0                                # PSCI: SYSTEM_OFF
    //   halt:  wfi; b halt
    //   text:  .asciz "kola boot\r\n"
    //   power: .byte 0
    private const string Program =
        "020000141f2003d5000200100120a1d202144038a2000034231840b9e3ff2f37220000b9fbffff176001001000004039800000340080b05200018072020000d47f2003d5ffffff17" +
        "6b6f6c6120626f6f740d0a0000";

    private const int Bytes = 1 << 20;

    /// <summary>Writes it beside a raw disk with nothing on it.</summary>
    public static Image Write(string file, bool powersOff = false)
    {
        byte[] kernel = Convert.FromHexString(Program);
        kernel[^1] = powersOff ? (byte)1 : (byte)0;
        File.WriteAllBytes(file, new byte[Bytes]);
        File.WriteAllBytes(file + ".kernel", kernel);
        // There has to be one; nobody reads it.
        File.WriteAllBytes(file + ".initrd", kernel);
        return new Image
        {
            File = file,
            Format = "raw",
            Digest = "sha256:" + new string('0', 64),
            Name = "tiny",
            Architecture = "arm64",
            Direct = new DirectBoot { Kernel = file + ".kernel", Initrd = file + ".initrd", CommandLine = "" },
        };
    }
}
