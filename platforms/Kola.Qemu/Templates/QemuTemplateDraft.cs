using Kola.Machines;

namespace Kola.Qemu;

/// <summary>A template in the making. Nobody else makes the same one while this lives, in whatever process.</summary>
internal sealed class QemuTemplateDraft(QemuTemplates templates, TemplateStore store, string key, FileStream held) : ITemplateDraft
{
    private TemplateManifest? _from;
    private bool _published;

    /// <inheritdoc/>
    public async Task<IInstance> StartAsync(InstanceSpec spec, ITemplate? from, CancellationToken cancel)
    {
        QemuOrigin origin = (from as QemuTemplate)?.Origin ?? QemuOrigin.Cold;
        _from = origin.Manifest;
        return await templates.StartAsync(spec, origin with { Draft = store.DraftOf(key) }, cancel);
    }

    /// <inheritdoc/>
    public async Task<ITemplate> FreezeAsync(IInstance instance, TemplateFacts facts, CancellationToken cancel)
    {
        var machine = (QemuInstance)instance;
        string directory = store.DraftOf(key);
        try
        {
            IReadOnlyList<QemuDisk> disks = await machine.FreezeAsync(directory, facts.SshGreeting, cancel);
            foreach (string file in Directory.GetFiles(directory))
                await FlushAsync(file, cancel);
            var manifest = new TemplateManifest
            {
                Key = key,
                Facts = facts,
                What = $"{machine.Spec.Image.Name} {machine.Spec.Image.Version}, {machine.Spec.Machine.MemoryMiB} MiB, {machine.Spec.Machine.Cpus} CPU, {1 + machine.Spec.Machine.Disks.Count} disk",
                Disks = disks,
                Depth = _from is null ? 0 : _from.Depth + 1,
                Lengths = Directory.GetFiles(directory).ToDictionary(f => Path.GetFileName(f), f => new FileInfo(f).Length),
            };
            manifest.Write(directory);
            await store.PublishAsync(key, cancel);
            _published = true;
        }
        catch (IOException problem)
        {
            throw new PlatformException(Signal.Template, $"template {key[..12]} could not be kept: {problem.Message}\n  wanted:  room for a machine's memory in {store.Root}\n  next:    kola cache prune, or run with --cold", problem);
        }

        await held.DisposeAsync();
        return await store.FindAsync(key, cancel) is { } found
            ? new QemuTemplate(templates, store, found.Lock, found.Manifest)
            : throw new PlatformException(Signal.Template, $"template {key[..12]} was removed as soon as it was made\n  next:    give templates more room, or run with --cold");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_published)
            RuntimeDirectory.Remove(store.DraftOf(key));
        await held.DisposeAsync();
    }

    // The host may lose its power: what the manifest speaks of must be on disk before it is.
    private static async Task FlushAsync(string file, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        await Task.Run(() => RandomAccess.FlushToDisk(handle), cancel);
    }
}
