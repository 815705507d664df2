namespace Kola.Qemu;

/// <content>What the machine is before anything is plugged into it: board, memory, processors, firmware.</content>
internal sealed partial record QemuArguments
{
    private IEnumerable<string> Board()
    {
        string flash = (SecureBoot ? ",smm=on" : "") + (Uefi is null ? "" : ",pflash0=uefi-code,pflash1=uefi-variables");
        // graphics=off has SeaBIOS speak on the serial console: "No bootable device" is then in console.txt.
        yield return "-machine";
        yield return Type + (Arm ? ",gic-version=max" : ",graphics=off") + flash + (Memory is null || NumaNodes > 1 ? "" : ",memory-backend=memory");
        foreach (string argument in NumaNodes > 1 ? Enumerable.Range(0, NumaNodes).SelectMany(Node) : Memory is null ? [] : Backend("memory", MemoryMiB, Memory.FileOf(0, 1)))
            yield return argument;

        yield return "-accel";
        yield return Acceleration.Kvm ? "kvm" : "tcg,thread=multi,tb-size=512";
        yield return "-cpu";
        yield return Acceleration.CpuModel;
        if (Arm)
            yield break;
        // Suspend to RAM does not come back under OVMF; Flatcar's own launcher switches it off too.
        yield return "-global";
        yield return MachineTypes.IsOldPc(Type) ? "PIIX4_PM.disable_s3=1" : "ICH9-LPC.disable_s3=1";
        if (SecureBoot)
        {
            yield return "-global";
            yield return "driver=cfi.pflash01,property=secure,value=on";
        }

        yield return "-device";
        yield return "vmgenid,guid=auto";
    }

    // A node's CPUs are a socket: the scheduler takes those of one socket for neighbours.
    private string[] Node(int node)
    {
        int cpus = Cpus / NumaNodes;
        string name = $"memory{Text(node)}";
        return [.. Backend(name, MemoryMiB / NumaNodes, Memory?.FileOf(node, NumaNodes)), "-numa", $"node,nodeid={Text(node)},cpus={Text(node * cpus)}-{Text((node + 1) * cpus - 1)},memdev={name}"];
    }

    private string[] Backend(string name, int sizeMiB, string? file) =>
    [
        "-object",
        file is null ? $"memory-backend-ram,id={name},size={Text(sizeMiB)}M" : $"memory-backend-file,id={name},size={Text(sizeMiB)}M,mem-path={Escaped(file)},share={(Memory!.Shared ? "on" : "off")}",
    ];

    private IEnumerable<string> Firmware()
    {
        if (IgnitionFile is not null)
        {
            yield return "-fw_cfg";
            yield return $"name=opt/org.flatcar-linux/config,file={Escaped(IgnitionFile)}";
        }

        if (Direct is { } direct)
        {
            foreach (string argument in new[] { "-kernel", direct.Kernel, "-initrd", direct.Initrd, "-append", direct.CommandLine })
                yield return argument;
        }
        else
        {
            yield return "-boot";
            yield return "menu=off,strict=on";
        }

        if (Uefi is { } uefi)
        {
            yield return "-blockdev";
            yield return $"driver=file,node-name=uefi-code,read-only=on,filename={Escaped(uefi.Code)}";
            yield return "-blockdev";
            yield return $"driver=file,node-name=uefi-variables,filename={Escaped(uefi.Variables)}";
        }
    }
}
