using Kola.Labs;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>A kola that is killed while a lab's command runs.</summary>
internal static class LabChild
{
    internal static async Task RunAsync(string directory)
    {
        var image = new Image { File = "/img", Format = "raw", Digest = "sha256:0", Name = "some" };
        var request = new PlatformRequest
        {
            Access = new PlatformAccess
            {
                Settings = new PlatformSettings(new Dictionary<string, IReadOnlyList<string>> { [LabDriver.FileOption] = [Path.Combine(directory, "lab.yaml")] }),
                CacheDirectory = Path.Combine(directory, "cache"),
                Clock = TimeProvider.System,
                Progress = new Progress<string>(),
            },
            Image = image,
            Tags = new ResourceTags { Run = "killed", Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), MadeBy = Maker.Self },
        };
        await using IPlatform platform = await new LabDriver().OpenAsync(request, CancellationToken.None);
        Console.WriteLine("provisioning");
        await platform.StartAsync(new InstanceSpec { Id = "killed/machine", Machine = new MachineSpec { Name = "machine" }, Image = image, Directory = directory }, CancellationToken.None);
    }
}
