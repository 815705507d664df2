using System.Globalization;
using System.Text.Json;
using Kola.Machines;

namespace Kola.Cli.Bench;

/// <summary>What the segment two machines share carries, as iperf3 and ping in them measure it.</summary>
internal static class NetworkPart
{
    internal const string Name = "network";

    private const int SecondsEach = 5;

    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(BenchLab lab, int count)
    {
        (BenchMachine left, BenchMachine right, INetwork network, string address) = await lab.BootPairAsync();
        await using INetwork segment = network;
        await using BenchMachine one = left, two = right;
        await Task.WhenAll(left.Machine.BecomeReadyAsync(null), right.Machine.BecomeReadyAsync(null));
        if ((await right.Machine.TryRunAsync("command -v iperf3")).ExitCode != 0)
            throw new MachineException("the image has no iperf3: nothing of its network can be measured\n  next:    use the reference image");
        await right.Machine.RunAsync("iperf3 --server --daemon");
        var megabits = new List<double>();
        var times = new List<TimeSpan>();
        var processor = new List<TimeSpan>();
        var own = new List<TimeSpan>();
        for (int i = 0; i < count; i++)
        {
            TimeSpan before = left.Now.Processor + right.Now.Processor;
            TimeSpan ownBefore = Environment.CpuUsage.TotalTime;
            CommandResult sent = await left.Machine.RunAsync(string.Create(CultureInfo.InvariantCulture, $"iperf3 --client {address} --time {SecondsEach} --json"));
            JsonElement received = JsonDocument.Parse(sent.Text).RootElement.GetProperty("end").GetProperty("sum_received");
            double megabytes = received.GetProperty("bytes").GetDouble() / 1e6;
            megabits.Add(received.GetProperty("bits_per_second").GetDouble() / 1e6);
            processor.Add((left.Now.Processor + right.Now.Processor - before) / megabytes * 100);
            own.Add((Environment.CpuUsage.TotalTime - ownBefore) / megabytes * 100);
            CommandResult pinged = await left.Machine.RunAsync($"sudo ping -q -c 20 -i 0.05 {address}");
            // rtt min/avg/max/mdev = 1.012/1.504/2.903/0.412 ms
            times.Add(TimeSpan.FromMilliseconds(double.Parse(pinged.Lines[^1].Split('=')[1].Split('/')[1], CultureInfo.InvariantCulture)));
        }

        string kind = $"one TCP connection, {SecondsEach} s each; segments are of kind {lab.Target.Platform.Facts.GetValueOrDefault("network", "unknown")}";
        return
        [
            Figure.Throughput(Name, "throughput between two machines", megabits, kind),
            Figure.Seconds(Name, "CPU time of both machines for 100 MB", processor),
            Figure.Seconds(Name, "CPU time of kola, which carries the frames, for 100 MB", own),
            Figure.Seconds(Name, "round trip of a ping", times, note: "mean of 20 each"),
        ];
    }
}
