using Kola.Machines;

namespace Kola.Conformance;

/// <content>What is tried between two machines.</content>
public sealed partial class ConformanceKit
{
    private async Task<string> ReachesItsNeighbourAsync(CancellationToken cancel)
    {
        _spoke = await StartAsync("spoke", cancel);
        await _spoke.SeeBootAsync(cancel);
        string address = _neighbours!.AddressOf("hub");
        string pinged = await _spoke.RunAsync($"sudo ping -c 3 -s 1400 -W 5 {address}", cancel);
        return pinged.Split('\n').LastOrDefault(l => l.Contains("received", StringComparison.Ordinal)) ?? $"{address} answers";
    }

    private async Task<string> LosesItsNeighbourAsync(CancellationToken cancel)
    {
        ILink cable = _hub!.Instance.Links is [var only, ..] ? only : throw new PromiseBrokenException("the platform offers link faults and names no cable of a machine with a card");
        await CutsAsync("pulled", () => cable.PlugAsync(false, cancel), () => cable.PlugAsync(true, cancel));
        await CutsAsync("lossy", () => Shape(LinkCondition.Healthy, new LinkCondition { Loss = 1 }), () => Shape(LinkCondition.Healthy, LinkCondition.Healthy));
        await CutsAsync("one-way", () => Ignore(_spoke!.Instance.Links), () => Ignore([]));
        string capture = Path.Combine(_request.Directory, "segment.pcap");
        return await cable.SaveCaptureAsync(capture, cancel) ? "pulled, lossy and one-way, each seen from the other side; capture kept" : throw new PromiseBrokenException("nothing was captured on the cable");

        async Task CutsAsync(string how, Func<Task> cut, Func<Task> mend)
        {
            string address = _neighbours!.AddressOf("hub");
            await cut();
            bool through = (await _spoke!.TryAsync($"sudo ping -c 1 -W 3 {address}", cancel)).Code == 0;
            await mend();
            if (through)
                throw new PromiseBrokenException($"{how}: frames come through all the same");
            // A card that has a carrier again takes its time.
            await _spoke.RunAsync($"sudo ping -c 20 -i 0.5 -W 5 {address}", cancel);
        }

        Task Shape(LinkCondition to, LinkCondition from)
        {
            cable.Shape(to, from);
            return Task.CompletedTask;
        }

        Task Ignore(IReadOnlyCollection<ILink> senders)
        {
            cable.Ignore(senders);
            return Task.CompletedTask;
        }
    }
}
