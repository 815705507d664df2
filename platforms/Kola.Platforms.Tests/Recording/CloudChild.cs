using Kola.Azure;
using Kola.Gcp;
using Kola.Machines;
using Kola.Platforms.Tests.Azure;
using Kola.Platforms.Tests.Gcp;

namespace Kola.Platforms.Tests.Recording;

/// <summary>A kola that is killed while it brings an image to a cloud, starts a machine there, or watches it.</summary>
internal static class CloudChild
{
    /// <summary>What it does, until it is killed.</summary>
    /// <param name="cloud"><c>azure</c> or <c>gcp</c>.</param>
    /// <param name="url">The server.</param>
    /// <param name="directory">With <c>disk.img</c>, which is the image.</param>
    internal static async Task RunAsync(string cloud, string url, string directory)
    {
        (IPlatformDriver driver, (string, string)[] settings, IReadOnlyDictionary<string, string> environment) = cloud == "azure"
            ? ((IPlatformDriver)new AzureDriver(), AzureModel.Settings(url), AzureModel.Environment) : (new GcpDriver(), GcpModel.Settings(url), GcpModel.Environment);
        var image = new Image { File = Path.Combine(directory, "disk.img"), Format = "raw", Digest = "sha256:" + new string('1', 64), Name = "disk.img" };
        var request = new PlatformRequest
        {
            Access = new PlatformAccess
            {
                Settings = new PlatformSettings(settings.GroupBy(s => s.Item1).ToDictionary(g => g.Key, g => (IReadOnlyList<string>)[.. g.Select(s => s.Item2)])),
                Environment = environment.GetValueOrDefault,
                CacheDirectory = Path.Combine(directory, "cache"),
                Clock = TimeProvider.System,
                Progress = new Progress<string>(),
            },
            Image = image,
            Tags = new ResourceTags { Run = "killed", Owner = "tests", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1), MadeBy = Maker.Self },
        };
        Console.WriteLine("begins");
        await using IPlatform platform = await driver.OpenAsync(request, CancellationToken.None);
        await using IInstance machine = await platform.StartAsync(new InstanceSpec { Id = "killed/machine", Machine = new MachineSpec { Name = "machine" }, Image = image, Directory = directory }, CancellationToken.None);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System);
    }
}
