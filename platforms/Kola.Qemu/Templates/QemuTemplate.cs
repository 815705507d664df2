using Kola.Machines;

namespace Kola.Qemu;

/// <summary>A whole template, held against removal while this lives.</summary>
internal sealed class QemuTemplate(QemuTemplates templates, TemplateStore store, FileStream held, TemplateManifest manifest) : ITemplate
{
    /// <inheritdoc/>
    public string Key => manifest.Key;

    /// <inheritdoc/>
    public TemplateFacts Facts => manifest.Facts;

    /// <summary>Where it comes from, for a copy of it.</summary>
    internal QemuOrigin Origin => new() { Template = store.DirectoryOf(Key), Manifest = manifest };

    /// <inheritdoc/>
    public async Task<IInstance> CloneAsync(InstanceSpec spec, CancellationToken cancel)
    {
        try
        {
            return await templates.StartAsync(spec, Origin, cancel);
        }
        catch (PlatformException problem)
        {
            // Whatever it is, making it anew is cheaper than to fail once more.
            store.Distrust(Key);
            throw new PlatformException(Signal.Template, $"{spec.Id}: no copy of template {Key[..12]} could be started; it will be made anew\n{problem.Message}", problem);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => held.DisposeAsync();
}
