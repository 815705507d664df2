using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Kola.Machines;

namespace Kola;

/// <summary>
/// The segments of a test, and what can be done to them while it runs. Whatever was done is healed when the test is over, and each change is an event of the
/// run.
/// </summary>
public sealed class LabNetwork
{
    private static readonly TimeSpan s_leaving = TimeSpan.FromSeconds(20);

    private readonly LabTerms _terms;
    private readonly Lock _gate = new();
    private readonly Dictionary<ILink, State> _states = [];
    private readonly Dictionary<string, SegmentConduct> _conducts = [];

    internal LabNetwork(LabTerms terms) => _terms = terms;

    /// <summary>The harness's own address on a segment, where it serves what was asked for: IPv4, or IPv6 where there is no IPv4.</summary>
    /// <param name="segment">Name of the segment.</param>
    public string ServerOn(string segment) =>
        Addresses.Harness.TryGetValue(segment, out string? address) ? address : throw new UsageException($"{_terms.Test}: no segment \"{segment}\"\n  wanted:  {string.Join(" or ", Addresses.Harness.Keys)}");

    /// <summary>Where one of the harness's own servers is reached from a segment with <see cref="SegmentServers.Harness"/>.</summary>
    /// <param name="segment">Name of the segment.</param>
    /// <param name="url">Where it is for other machines: <c>lab.Updates.Server</c>.</param>
    public string Via(string segment, string url)
    {
        string host = ServerOn(segment);
        return new UriBuilder(url) { Host = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host }.Uri.ToString();
    }

    /// <summary>Pulls a machine's cable out: it sees that its card has no carrier.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="segment">Which cable: the name of a segment. Default: all of them.</param>
    public Task UnplugAsync(Machine machine, string? segment = null) => PlugAsync(machine, segment, plugged: false);

    /// <summary>Plugs it in again.</summary>
    /// <inheritdoc cref="UnplugAsync" path="/param"/>
    public Task PlugAsync(Machine machine, string? segment = null) => PlugAsync(machine, segment, plugged: true);

    /// <summary>Pulls the cable of the card the harness comes in by: SSH is dead then, and <see cref="Machine.OutOfBand"/> is the way in.</summary>
    public Task UnplugManagementAsync(Machine machine) => ManagementAsync(machine, plugged: false);

    /// <summary>Plugs it in again.</summary>
    public Task PlugManagementAsync(Machine machine) => ManagementAsync(machine, plugged: true);

    /// <summary>Puts another card into a running machine. Of a test that <c>Needs</c> <see cref="Feature.CardHotplug"/>; one card a machine.</summary>
    /// <param name="machine">The machine, on a segment of the test.</param>
    /// <param name="segment">The segment the card is plugged into.</param>
    /// <returns>The card's Ethernet address, lowercase with colons.</returns>
    public async Task<string> InsertCardAsync(Machine machine, string segment)
    {
        ArgumentNullException.ThrowIfNull(machine);
        string mac = EthernetAddress.Random();
        await machine.Instance.InsertCardAsync(segment, mac, _terms.Deadline);
        Tell($"{machine.Name}: a card on {segment} was put in");
        return mac;
    }

    /// <summary>Takes it out again, and returns when the machine has let go of it.</summary>
    public async Task RemoveCardAsync(Machine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        await machine.Instance.RemoveCardAsync(_terms.Deadline);
        Tell($"{machine.Name}: the card was taken out");
    }

    /// <summary>Makes a machine's links bad, or well again. What was done before to the same direction is forgotten.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="condition">What happens to frames.</param>
    /// <param name="direction">Which frames. Default both ways: a latency counts twice for a round trip.</param>
    /// <param name="segment">Which link: the name of a segment. Default: all of them.</param>
    public Task DegradeAsync(Machine machine, LinkCondition condition, LinkDirection direction = LinkDirection.Both, string? segment = null)
    {
        ArgumentNullException.ThrowIfNull(condition);
        if (condition.Validate() is { Count: > 0 } problems)
            throw new UsageException($"{_terms.Test}: the condition of a link cannot be\n  got:     {string.Join("\n           ", problems)}");
        foreach (ILink link in LinksOf(machine, segment))
        {
            Change(link, state => state with
            {
                ToMachine = direction == LinkDirection.FromMachine ? state.ToMachine : condition,
                FromMachine = direction == LinkDirection.ToMachine ? state.FromMachine : condition,
            });
        }

        string way = direction switch { LinkDirection.ToMachine => "to ", LinkDirection.FromMachine => "from ", _ => "" };
        Tell($"link {way}{machine.Name}{On(segment)}: {condition}");
        return Task.CompletedTask;
    }

    /// <summary>Parts some machines from all others of the test: no frame passes between the two sides, within each all do.</summary>
    /// <param name="side">The machines of one side.</param>
    public Task PartitionAsync(params Machine[] side)
    {
        ArgumentNullException.ThrowIfNull(side);
        Machine[] others = [.. _terms.Machines().Except(side)];
        if (side.Length == 0 || others.Length == 0)
            throw new UsageException($"{_terms.Test}: a partition has two sides\n  wanted:  some machines of the test, not all\n  got:     {side.Length} of {side.Length + others.Length}");
        foreach (Machine one in side)
        {
            foreach (Machine other in others)
            {
                Part(one, other);
                Part(other, one);
            }
        }

        Tell($"partition: {Names(side)} | {Names(others)}");
        return Task.CompletedTask;
    }

    /// <summary>Cuts one way: frames of one machine do not get to the other, the other way they do. Neither is told.</summary>
    /// <param name="from">Whose frames are lost.</param>
    /// <param name="to">Who does not get them.</param>
    public Task CutAsync(Machine from, Machine to)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        Part(from, to);
        Tell($"cut: {from.Name} → {to.Name}");
        return Task.CompletedTask;
    }

    /// <summary>Has the servers of a segment behave otherwise. Returns when they do.</summary>
    /// <param name="segment">Name of a segment with servers.</param>
    /// <param name="conduct">How. A new one is as they should.</param>
    public async Task ConductAsync(string segment, SegmentConduct conduct)
    {
        ArgumentNullException.ThrowIfNull(conduct);
        if (Addresses.Segments.FirstOrDefault(s => s.Name == segment) is not { Servers: not SegmentServers.None })
            throw new UsageException($"{_terms.Test}: no servers on \"{segment}\"\n  wanted:  [Segment(\"{segment}\", Servers = …)]");
        await (_terms.Network() ?? throw NoNetwork()).ConductAsync(segment, conduct, _terms.Deadline);
        lock (_gate)
            _conducts[segment] = conduct;
        Tell($"servers on {segment}: {Words(conduct)}");
    }

    /// <summary>Undoes all that was done.</summary>
    public async Task HealAsync()
    {
        await HealAsync(_terms.Deadline);
        Tell("healed");
    }

    /// <summary>The same at the test's end, whatever has become of its machines.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "What cannot be healed at the end is taken away with its machine, moments later.")]
    internal async Task LeaveAsync()
    {
        // An emulator that does not answer must not hold up the verdict.
        using var late = new CancellationTokenSource(s_leaving, _terms.Time);
        try
        {
            await HealAsync(late.Token);
        }
        catch (Exception)
        {
            // Its machine is gone.
        }
    }

    private async Task HealAsync(CancellationToken cancel)
    {
        ILink[] changed;
        string[] conducted;
        lock (_gate)
        {
            changed = [.. _states.Keys];
            conducted = [.. _conducts.Keys];
            _conducts.Clear();
        }

        foreach (ILink link in changed)
        {
            bool unplugged = _states[link].Unplugged;
            Change(link, _ => new State());
            if (unplugged)
                await link.PlugAsync(true, cancel);
        }

        lock (_gate)
            _states.Clear();
        foreach (string segment in conducted)
            await (_terms.Network() ?? throw NoNetwork()).ConductAsync(segment, new SegmentConduct(), cancel);
    }

    private AddressBook Addresses => _terms.Addresses ?? throw NoNetwork();

    private UsageException NoNetwork() => new($"{_terms.Test}: its machines share no segment\n  wanted:  several machines, or [Spec(Segments = [\"lan\"])]");

    private async Task PlugAsync(Machine machine, string? segment, bool plugged)
    {
        foreach (ILink link in LinksOf(machine, segment))
            await PlugAsync(link, plugged);
        Tell($"{machine.Name}{On(segment)}: {(plugged ? "plugged in" : "unplugged")}");
    }

    private async Task ManagementAsync(Machine machine, bool plugged)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ILink link = machine.Instance.Management ?? throw Impossible(machine);
        await PlugAsync(link, plugged);
        Tell($"{machine.Name}, the harness's own card: {(plugged ? "plugged in" : "unplugged")}");
    }

    private async Task PlugAsync(ILink link, bool plugged)
    {
        await link.PlugAsync(plugged, _terms.Deadline);
        Change(link, state => state with { Unplugged = !plugged });
    }

    private void Part(Machine from, Machine to)
    {
        foreach (ILink link in LinksOf(to, null))
        {
            ILink[] senders = [.. LinksOf(from, null).Where(l => l.Segment == link.Segment)];
            if (senders.Length > 0)
                Change(link, state => state with { Ignored = [.. state.Ignored, .. senders] });
        }
    }

    private ILink[] LinksOf(Machine machine, string? segment)
    {
        ArgumentNullException.ThrowIfNull(machine);
        if (machine.Instance.Links.Count == 0)
            throw Impossible(machine);
        ILink[] links = [.. machine.Instance.Links.Where(l => segment is null || l.Segment == segment)];
        return links.Length > 0 ? links : throw new UsageException($"{_terms.Test}: {machine.Name} is not on \"{segment}\"\n  wanted:  {string.Join(" or ", machine.Instance.Links.Select(l => l.Segment).Distinct())}");
    }

    private UsageException Impossible(Machine machine) =>
        new($"{_terms.Test}: nothing can be done to the links of {machine.Name}\n  wanted:  a machine on a segment, and Needs = [Feature.LinkFaults]");

    private void Change(ILink link, Func<State, State> change)
    {
        State state;
        lock (_gate)
            state = _states[link] = change(_states.GetValueOrDefault(link) ?? new State());
        link.Shape(state.ToMachine, state.FromMachine);
        link.Ignore(state.Ignored);
    }

    private void Tell(string what) => _terms.Emit(new NetworkChanged { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Attempt = _terms.Attempt, What = what });

    private static string On(string? segment) => segment is null ? "" : $" on {segment}";

    private static string Names(Machine[] machines) => string.Join(", ", machines.Select(m => m.Name));

    private static string Words(SegmentConduct conduct)
    {
        var words = new List<string>();
        foreach ((string what, ServerMood mood) in new[] { ("DHCP", conduct.Dhcp), ("first DNS", conduct.FirstDns), ("second DNS", conduct.SecondDns), ("time", conduct.Time) })
        {
            if (mood != ServerMood.Answers)
                words.Add($"{what} {mood.ToString().ToLower(CultureInfo.InvariantCulture)}");
        }

        if (conduct.OtherAddresses)
            words.Add("DHCP gives other addresses");
        if (conduct.TimeOffset != TimeSpan.Zero)
            words.Add(string.Create(CultureInfo.InvariantCulture, $"the time is {conduct.TimeOffset.TotalSeconds:+0.###;-0.###} s off"));
        words.AddRange(conduct.Names.Select(name => $"{name.Key} is {name.Value}"));
        return words.Count == 0 ? "as they should" : string.Join(", ", words);
    }

    // Of a link that something was done to.
    private sealed record State
    {
        internal LinkCondition ToMachine { get; init; } = LinkCondition.Healthy;

        internal LinkCondition FromMachine { get; init; } = LinkCondition.Healthy;

        internal IReadOnlyCollection<ILink> Ignored { get; init; } = [];

        internal bool Unplugged { get; init; }
    }
}

/// <summary>Which frames of a link are meant.</summary>
public enum LinkDirection
{
    /// <summary>All.</summary>
    Both,

    /// <summary>Those the machine gets.</summary>
    ToMachine,

    /// <summary>Those it sends.</summary>
    FromMachine,
}
