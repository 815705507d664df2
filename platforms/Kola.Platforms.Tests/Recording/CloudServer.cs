using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Kola.Platforms.Tests.Azure;
using Kola.Platforms.Tests.Gcp;

namespace Kola.Platforms.Tests.Recording;

/// <summary>A recorder with machines as a program, for people: <c>scripts/cloud</c>. It says how kola comes to it, and at its end what is left in it and what it was asked wrongly.</summary>
internal static class CloudServer
{
    /// <summary>Serves until it is told to end.</summary>
    /// <param name="cloud"><c>azure</c> or <c>gcp</c>.</param>
    internal static async Task ServeAsync(string cloud)
    {
        using var end = new SemaphoreSlim(0);
        void End(PosixSignalContext signal)
        {
            signal.Cancel = true;
            end.Release();
        }

        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, End), told = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
        GuestHost host = await GuestHost.OpenAsync();
        AzureModel? azure = null;
        GcpModel? gcp = null;
        await using Recorder recorder = await Recorder.StartAsync(cloud, url => cloud == "azure" ? azure = new AzureModel(url, host.Directory) : gcp = new GcpModel(host.Directory));
        if (azure is not null)
            azure.Running = new AzureMachines(host, azure.Blobs);
        if (gcp is not null)
            gcp.Machines = new GcpMachines(host, gcp.Bucket);
        IEnumerable<(string Option, string Value)> settings = [.. azure is null ? GcpModel.Settings(recorder.Url) : AzureModel.Settings(recorder.Url), ($"{cloud}-slowness", "10")];
        Console.WriteLine(string.Join(' ', settings.Select(s => $"--{s.Option} {s.Value}")));
        await end.WaitAsync();
        string[] left = [.. azure is not null ? azure.Resources.Keys.Concat(azure.Blobs.Names) : gcp!.Instances.Keys.Concat(gcp.Firewalls.Keys).Concat(gcp.Images.Keys).Concat(gcp.Bucket.Objects)];
        await Console.Error.WriteLineAsync($"{recorder.Requests.Count} requests, {recorder.Violations.Count} of them wrong; {host.Machines.Count} machines were made, {host.Machines.Count(m => m.IsOn)} run; left: {(left.Length == 0 ? "nothing" : string.Join(", ", left))}");
        foreach (string violation in recorder.Violations)
            await Console.Error.WriteLineAsync(violation);
    }

    /// <summary>Writes the reference image as a cloud's, with the file that lies beside it.</summary>
    /// <param name="cloud">The cloud.</param>
    /// <param name="file">The image.</param>
    /// <param name="directory">Where to.</param>
    internal static async Task WriteImageAsync(string cloud, string file, string directory)
    {
        JsonObject beside = JsonNode.Parse(await File.ReadAllTextAsync(Path.ChangeExtension(file, ".json")))!.AsObject();
        Image image = await CloudImage.WriteAsync(new Image { File = file, Format = "raw", Digest = beside["digest"]!.ToString(), Name = "reference" }, cloud, directory);
        // No cloud starts a kernel past the boot loader.
        beside.Remove("direct");
        beside["digest"] = image.Digest;
        await File.WriteAllTextAsync(Path.ChangeExtension(image.File, ".json"), beside.ToJsonString());
        Console.WriteLine(image.File);
    }
}
