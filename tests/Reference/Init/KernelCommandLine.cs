namespace Flatcar.Reference.Init;

/// <summary>Whether Ignition runs in this boot.</summary>
internal enum FirstBoot
{
    /// <summary>Nothing said: the flag file on the ESP decides.</summary>
    ByFlagFile,

    /// <summary>"detected": the boot loader has seen the flag file, so it has to be there.</summary>
    Detected,

    /// <summary>Any other true value: run, whatever the flag file says, and leave it alone.</summary>
    Forced,

    No,
}

/// <summary>/proc/cmdline, as far as init understands it.</summary>
internal sealed class KernelCommandLine(string line)
{
    private readonly string[] arguments = line.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);

    public static KernelCommandLine Read() => new(File.ReadAllText("/proc/cmdline"));

    /// <summary>The value of the last <c>name=value</c>; "" for a bare <c>name</c>; null when absent.</summary>
    public string? this[string name]
    {
        get
        {
            string? value = null;
            foreach (var argument in arguments)
            {
                if (argument == name)
                    value = "";
                else if (argument.StartsWith(name, StringComparison.Ordinal) && argument.Length > name.Length && argument[name.Length] == '=')
                    value = argument[(name.Length + 1)..];
            }
            return value;
        }
    }

    public FirstBoot FirstBoot => (this["flatcar.first_boot"] ?? this["coreos.first_boot"] ?? this["ignition.firstboot"]) switch
    {
        null => FirstBoot.ByFlagFile,
        "detected" => FirstBoot.Detected,
        "" or "0" or "no" or "off" => FirstBoot.No,
        _ => FirstBoot.Forced,
    };

    /// <summary>Ignition's name of the platform; old names of the OEM are mapped to it.</summary>
    public string Platform => (this["ignition.platform.id"] ?? this["flatcar.oem.id"] ?? this["coreos.oem.id"]) switch
    {
        null or "" => "qemu",
        "ec2" => "aws",
        "gce" => "gcp",
        "pxe" => "metal",
        var other => other,
    };

    /// <summary>The USR partition asked for (<c>PARTUUID=…</c>, <c>PARTLABEL=USR-B</c>, <c>a</c>, <c>b</c>); null: by its attributes.</summary>
    public string? UsrPartition
    {
        get
        {
            foreach (var name in (string[])["flatcar.usr", "verity.usr", "mount.usr", "usr"])
            {
                if (this[name] is { Length: > 0 } value && value is not ("auto" or "/dev/mapper/usr"))
                    return value;
            }
            return null;
        }
    }
}
