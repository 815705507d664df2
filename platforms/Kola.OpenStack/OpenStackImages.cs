using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Kola.Clouds;
using Kola.Platforms;

namespace Kola.OpenStack;

/// <summary>
/// Images in glance. One is brought there once for each digest and firmware. Until it is whole it is hidden and carries its run's tags, so that what a killed run left half-way is one of its
/// leftovers; a whole one carries those of an image, which all runs share.
/// </summary>
internal sealed class OpenStackImages(OpenStackSession session, PlatformAccess access)
{
    /// <summary>Tag of glance on all that is kola's.</summary>
    internal const string Mark = "kola";

    private static readonly TimeSpan s_whole = TimeSpan.FromMinutes(10);

    /// <summary>An image by its id.</summary>
    /// <exception cref="UsageException">There is none, or it is not whole.</exception>
    internal async Task<JsonObject> FindAsync(string id, CancellationToken cancel)
    {
        try
        {
            JsonObject image = await session.Calls.RunAsync("look at an image", Signal.ImageStore, c => session.Glance.ImageAsync(id, c), cancel);
            return Text(image, "status") == "active" ? image : throw new UsageException($"--openstack-image {id}: it cannot be used\n  wanted:  status active\n  got:     {Text(image, "status")}");
        }
        catch (PlatformException none) when (Refusal.Is(none, RefusalKind.NotFound))
        {
            throw new UsageException($"--openstack-image {id}: there is no such image\n  wanted:  one of openstack image list\n  next:    look at --openstack-cloud and --openstack-region", none);
        }
    }

    /// <summary>The image a file has become, which is made when there is none.</summary>
    internal async Task<JsonObject> BringAsync(Image image, Firmware firmware, ResourceTags tags, CancellationToken cancel)
    {
        string name = SharedImage.NameOf(image, $"{(firmware == Firmware.Uefi ? "uefi" : "bios")}-{session.Options.DiskFormat}");
        JsonObject found = await SharedImage.BringAsync(access, $"openstack-{session.Region}-{name}", c => FindWholeAsync(name, c), c => UploadAsync(image, name, firmware, tags, c), cancel);
        if (SharedImage.IsOld(TagsOf(found), access.Clock))
            await ShareAsync(found, cancel);
        return found;
    }

    /// <summary>All images with kola's mark, hidden ones too, page by page.</summary>
    internal async Task<IReadOnlyList<JsonObject>> AllAsync(string tag, CancellationToken cancel)
    {
        var all = new List<JsonObject>();
        foreach (string hidden in (string[])["false", "true"])
        {
            string? marker = null;
            do
            {
                ImagesAnswer page = await session.Calls.RunAsync("list images", Signal.ImageStore, c => session.Glance.ImagesAsync(tag, hidden, marker, c), cancel);
                all.AddRange(page.Images);
                marker = page.Next is null || page.Images.Count == 0 ? null : Text(page.Images[^1], "id");
            }
            while (marker is not null);
        }

        return [.. all.DistinctBy(i => Text(i, "id"))];
    }

    /// <summary>Whose an image is; null when it is not kola's.</summary>
    internal static ResourceTags? TagsOf(JsonObject image) => ResourceTags.Of(image.Where(p => p.Value is JsonValue).ToDictionary(p => p.Key, p => p.Value!.ToString()));

    /// <summary>Something an image says; null when it does not.</summary>
    internal static string? Text(JsonObject image, string name) => image[name]?.ToString();

    /// <summary>The least disk a machine of it has, in GiB.</summary>
    internal static int DiskOf(JsonObject image) => Math.Max(Number(image, "min_disk"), Disk.Whole(Bytes(image)));

    /// <summary>The least memory a machine of it has, in MiB.</summary>
    internal static int MemoryOf(JsonObject image) => Number(image, "min_ram");

    /// <summary>Deletes one; what is not there is deleted.</summary>
    internal Task DeleteAsync(string id, CancellationToken cancel) =>
        session.Calls.DeleteAsync("delete an image", Signal.ImageStore, c => session.Glance.DeleteImageAsync(id, c), s_whole, cancel);

    // Where two hosts brought one at once, all take the one that was asked for first.
    private async Task<JsonObject?> FindWholeAsync(string name, CancellationToken cancel) =>
        (await AllAsync(name, cancel)).Where(i => Text(i, "status") == "active" && TagsOf(i)?.Run == SharedImage.Run).OrderBy(i => Text(i, "created_at"), StringComparer.Ordinal).ThenBy(i => Text(i, "id"), StringComparer.Ordinal).FirstOrDefault();

    private async Task<JsonObject> UploadAsync(Image image, string name, Firmware firmware, ResourceTags tags, CancellationToken cancel)
    {
        access.Progress.Report($"bringing {image.Name} to openstack{(session.Region.Length > 0 ? $", region {session.Region}" : "")}");
        using Disk disk = await Disk.OpenAsync(image, session.Options.DiskFormat, access.CacheDirectory, cancel);
        JsonObject request = Request(image, name, firmware, tags);
        (request["disk_format"], request["min_disk"]) = (session.Options.DiskFormat, await Disk.GiBAsync(image, cancel));
        JsonObject made = await session.Calls.RunAsync("make an image", Signal.ImageStore, c => session.Glance.CreateImageAsync(request, c), cancel);
        string id = Text(made, "id")!;
        try
        {
            await using (var file = new FileStream(disk.File, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, useAsync: true))
                await session.Calls.RunAsync("upload an image", Signal.ImageStore, c => session.Upload.UploadAsync(id, file, c), cancel);
            (bool held, JsonObject last) = await session.Calls.UntilAsync(t => session.Calls.RunAsync("look at an image", Signal.ImageStore, c => session.Glance.ImageAsync(id, c), t), i => Text(i, "status") is "active" or "killed" or "deleted", s_whole, cancel);
            if (!held || Text(last, "status") != "active")
                throw new PlatformException(Signal.ImageStore, FormattableString.Invariant($"openstack: image {id} did not become active\n  wanted:  active within {s_whole.TotalMinutes:0} min\n  got:     {Text(last, "status")}"));
            await ShareAsync(last, cancel);
            JsonObject first = await FindWholeAsync(name, cancel) ?? last;
            if (Text(first, "id") != id)
                await DeleteAsync(id, cancel);
            return first;
        }
        catch
        {
            await DropAsync(id);
            throw;
        }
    }

    private static int Number(JsonObject image, string name) => image[name] is JsonValue value && value.TryGetValue(out int number) ? number : 0;

    // Glance of old does not look into a qcow2; the disk is no smaller than its file then.
    private static long Bytes(JsonObject image) => image["virtual_size"] is JsonValue whole && whole.TryGetValue(out long bytes) || image["size"] is JsonValue file && file.TryGetValue(out bytes) ? bytes : 0;

    private static JsonObject Request(Image image, string name, Firmware firmware, ResourceTags tags)
    {
        var request = new JsonObject
        {
            ["name"] = name,
            ["container_format"] = "bare",
            ["visibility"] = "private",
            ["os_hidden"] = true,
            ["tags"] = new JsonArray(Mark, name),
            ["hw_architecture"] = image.Architecture == "arm64" ? "aarch64" : "x86_64",
            ["hw_firmware_type"] = firmware == Firmware.Uefi ? "uefi" : "bios",
            // Stopping a server pulls its plug, since nobody waits for its system.
            ["os_shutdown_timeout"] = "0",
            ["kola-digest"] = image.Digest,
        };
        if (firmware == Firmware.Uefi)
            request["hw_machine_type"] = image.Architecture == "arm64" ? "virt" : "q35";
        foreach ((string key, string value) in tags.ToPairs())
            request[key] = value;
        return request;
    }

    private Task ShareAsync(JsonObject image, CancellationToken cancel)
    {
        var changes = new JsonArray(new JsonObject { ["op"] = "replace", ["path"] = "/os_hidden", ["value"] = false });
        foreach ((string key, string value) in SharedImage.Tags(access.Clock).ToPairs())
            changes.Add(new JsonObject { ["op"] = "replace", ["path"] = $"/{key}", ["value"] = value });
        if (image.ContainsKey(ResourceTags.MakerTag))
            changes.Add(new JsonObject { ["op"] = "remove", ["path"] = $"/{ResourceTags.MakerTag}" });
        string id = Text(image, "id")!;
        return session.Calls.RunAsync("share an image", Signal.ImageStore, async c =>
        {
            using var content = new StringContent(changes.ToJsonString(), Encoding.UTF8);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/openstack-images-v2.1-json-patch");
            await session.Glance.ChangeImageAsync(id, content, c);
        }, cancel);
    }

    private async Task DropAsync(string id)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), access.Clock);
        try
        {
            await DeleteAsync(id, limit.Token);
        }
        catch (Exception fault) when (fault is KolaException or OperationCanceledException)
        {
            access.Progress.Report($"image {id} could not be deleted and is left to kola gc: {fault.Message.Split('\n')[0]}");
        }
    }
}
