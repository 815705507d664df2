using System.Globalization;
using System.Text.RegularExpressions;

namespace Flatcar.Tests.Guest;

/// <summary>What <c>ping</c> found.</summary>
/// <param name="Sent">Requests.</param>
/// <param name="Received">Answers, doubles not counted.</param>
/// <param name="Duplicates">Answers that came again.</param>
/// <param name="Times">Milliseconds of each answer, in the order they came.</param>
/// <param name="Sequence">Number of the request each answers, likewise.</param>
public sealed record Pings(int Sent, int Received, int Duplicates, IReadOnlyList<double> Times, IReadOnlyList<int> Sequence)
{
    /// <summary>Share that was not answered, 0 to 1.</summary>
    public double Loss => Sent == 0 ? 1 : 1 - (double)Received / Sent;

    /// <summary>The middle of all times, milliseconds; infinite without an answer.</summary>
    public double MedianMilliseconds => Times.Count == 0 ? double.PositiveInfinity : Times.Order().ElementAt(Times.Count / 2);

    internal static Pings Parse(string text)
    {
        Match[] answers = [.. Answer.Matches(text).Cast<Match>()];
        Match total = Total.Match(text);
        return new Pings(
            int.Parse(total.Groups["sent"].Value, CultureInfo.InvariantCulture),
            int.Parse(total.Groups["received"].Value, CultureInfo.InvariantCulture),
            total.Groups["doubles"] is { Success: true, Value: var doubles } ? int.Parse(doubles, CultureInfo.InvariantCulture) : 0,
            [.. answers.Select(a => double.Parse(a.Groups["time"].Value, CultureInfo.InvariantCulture))],
            [.. answers.Select(a => int.Parse(a.Groups["sequence"].Value, CultureInfo.InvariantCulture))]);
    }

    // 64 bytes from 198.18.0.2: icmp_seq=1 ttl=64 time=2.31 ms
    private static Regex Answer { get; } = new(@"icmp_seq=(?<sequence>\d+) .*time=(?<time>[\d.]+) ms");

    // 20 packets transmitted, 19 received, +3 duplicates, 5% packet loss, time 3815ms
    private static Regex Total { get; } = new(@"(?<sent>\d+) packets transmitted, (?<received>\d+) received,(?: \+(?<doubles>\d+) duplicates,)?");
}

/// <summary>Asking other hosts whether they are there.</summary>
public static class Pinging
{
    extension(Machine machine)
    {
        /// <summary>Sends echo requests, 20 a second, and waits a second (of machine time) for the last answer. That there are none is a result.</summary>
        /// <param name="host">Address or name.</param>
        /// <param name="count">How many.</param>
        /// <param name="options">Further ones of ping, as a person types them.</param>
        public async Task<Pings> PingAsync(string host, int count = 5, string options = "")
        {
            CommandResult result = await machine.TryRunAsync($"sudo ping -c {count} -i 0.05 -W 3 {options} {host}");
            return result.Text.Contains("packets transmitted", StringComparison.Ordinal) ? Pings.Parse(result.Text)
                : throw new MachineException($"{machine.Name}: ping of {host} does not work\n  got:     {result.Error}{result.Text}");
        }
    }
}
