using Kola.Segments;

namespace Kola.Qemu;

/// <content>A card that is put in while the machine runs.</content>
public sealed partial class QemuInstance
{
    // Measured emulated: 2.5 s until a guest had a card that was put in.
    private static readonly TimeSpan s_letGo = TimeSpan.FromSeconds(20);

    private CableLink? _inserted;

    /// <inheritdoc/>
    public Task InsertCardAsync(string segment, string mac, CancellationToken cancel) => _power.WhileOnAsync("putting a card in", async () =>
    {
        Segment wanted = SegmentNamed(segment) ?? throw new UsageException($"{Id}: no segment \"{segment}\" for a card\n  wanted:  a segment of the test, which the machine is on itself");
        if (_inserted is not null)
            throw new UsageException($"{Id}: there is a card in its spare slot already\n  wanted:  RemoveCardAsync before");
        string card = Path.Combine(_files.Directory, "card-s");
        string port = Path.Combine(_files.Directory, "port-s");
        SegmentPort plugged = await wanted.PlugAsync(card, port, vlan: null, cancel);
        var link = new CableLink(segment, Emulator.SpareNetwork, plugged.Cable, plugged, CarryAsync);
        try
        {
            await _emulator.InsertCardAsync(new QemuCard(card, port, mac), cancel);
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }

        _inserted = link;
        lock (_links)
            _links.Add(link);
    }, cancel);

    /// <inheritdoc/>
    public Task RemoveCardAsync(CancellationToken cancel) => _power.WhileOnAsync("taking a card out", async () =>
    {
        if (_inserted is null)
            throw new UsageException($"{Id}: no card was put in\n  wanted:  InsertCardAsync before");
        TimeSpan limit = s_letGo * _host.Acceleration.Slowness;
        if (!await _emulator.RemoveCardAsync(limit, cancel))
            throw new MachineException($"{Id}: it does not let go of a card\n  wanted:  an answer to the request to remove it, within {limit.TotalSeconds:0} s");
        await ForgetCardAsync();
    }, cancel);

    // A machine that is switched off has it no more either.
    private async Task ForgetCardAsync()
    {
        if (_inserted is not { } link)
            return;
        _inserted = null;
        lock (_links)
            _links.Remove(link);
        await link.DisposeAsync();
        // QEMU leaves its own end of it behind.
        File.Delete(Path.Combine(_files.Directory, "card-s"));
    }
}
