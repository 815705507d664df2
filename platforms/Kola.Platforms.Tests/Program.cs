using Kola.Machines;
using Kola.Qemu;

namespace Kola.Platforms.Tests;

/// <summary>Not a test: a small kola that starts one machine, says its process id and waits to be killed.</summary>
internal static class Program
{
    private static async Task Main(string[] arguments)
    {
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
            Machine = new MachineSpec { Name = "machine", MemoryMiB = 256, Tpm = platform.Features.Contains(Feature.Tpm) },
            Image = image,
            Directory = directory,
        };
        var machine = (QemuInstance)await platform.StartAsync(spec, CancellationToken.None);
        Console.WriteLine(machine.ProcessId);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
