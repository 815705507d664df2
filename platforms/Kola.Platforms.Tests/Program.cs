using Kola.Machines;
using Kola.Platforms.Tests.Unit;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>
/// Not a test: a small kola that waits to be killed, having started one machine and said its process id; or, with a mode before the
/// directory, having done with templates what the mode says. And the server behind scripts/cloud.
/// </summary>
internal static class Program
{
    private static async Task Main(string[] arguments)
    {
        if (arguments is ["network", var place])
        {
            await QemuNetworkTests.BeChildAsync(place);
            return;
        }

        if (arguments is ["lab", var lab])
        {
            await Labs.LabChild.RunAsync(lab);
            return;
        }

        if (arguments is ["serve", var served])
        {
            await Recording.CloudServer.ServeAsync(served);
            return;
        }

        if (arguments is ["image", var owner, var file, var target])
        {
            await Recording.CloudServer.WriteImageAsync(owner, file, target);
            return;
        }

        if (arguments is ["cloud", var cloud, var url, var files])
        {
            await Recording.CloudChild.RunAsync(cloud, url, files);
            return;
        }

        if (arguments is ["libvirt", var uri, var scratch])
        {
            await Libvirt.LibvirtTests.BeChildAsync(uri, scratch);
            return;
        }

        if (arguments is [var mode, var templates])
        {
            await TemplateStoreTests.BeChildAsync(mode, templates);
            return;
        }

        string directory = arguments[0];
        var options = new QemuOptions
        {
            Acceleration = AccelerationMode.Tcg,
            CacheDirectory = Path.Combine(directory, "cache"),
            RuntimeDirectory = Path.Combine(directory, "run"),
        };
        Image image = TinyGuest.Write(Path.Combine(directory, "tiny.img"));
        QemuPlatform platform = await QemuPlatform.CreateAsync(options, image, TimeProvider.System, CancellationToken.None);
        var spec = new InstanceSpec
        {
            Id = "killed/machine",
            Machine = new MachineSpec { Name = "machine", MemoryMiB = 256, RecordsWrites = true, Tpm = platform.Features.Contains(Feature.Tpm) },
            Image = image,
            Directory = directory,
        };
        var machine = (QemuInstance)await platform.StartAsync(spec, CancellationToken.None);
        Console.WriteLine(machine.ProcessId);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
