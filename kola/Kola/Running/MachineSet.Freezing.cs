using Kola.Machines;

namespace Kola.Running;

/// <content>Machines that become templates together.</content>
internal sealed partial class MachineSet
{
    /// <summary>
    /// Freezes all machines at one moment, as near as a host can: what one has sent and another has not had yet is lost, as on any network, and sent
    /// again by the copies.
    /// </summary>
    /// <param name="throwIfUnwell">Called when nothing watches them any more.</param>
    /// <returns>What the templates of this moment know each other by.</returns>
    /// <exception cref="PlatformException">One could not be saved.</exception>
    internal async Task<string> FreezeAsync(Action throwIfUnwell)
    {
        WatchedMachine[] all = Watched();
        // Copies of unlike moments are no cluster: what was made together knows each other by this.
        string together = Guid.NewGuid().ToString("N");
        TemplateFacts[] facts = await Task.WhenAll(all.Select(watched => watched.Machine.SettleAsync(_macs[watched.Machine.Name])));
        await Task.WhenAll(all.Select(watched => watched.LeaveAsync()));
        throwIfUnwell();
        ITemplate[] frozen = await Task.WhenAll(all.Zip(facts, (watched, fact) => Drafts![watched.Machine.Name].FreezeAsync(watched.Machine.Instance, fact with { Together = together }, _deadline)));
        foreach (ITemplate template in frozen)
            await template.DisposeAsync();
        return together;
    }
}
