using Kola.Updates.Omaha;

namespace Kola;

/// <summary>
/// The test's own update server: it tells clients of this test what the test wants them to be told, and keeps what they said. Until the test offers
/// something, there is no update. Asked for by way of <see cref="Lab.Updates"/>.
/// </summary>
public sealed class UpdateServer
{
    private readonly UpdateFeed _feed;
    private readonly UpdateServerTerms _terms;

    internal UpdateServer(UpdateFeed feed, UpdateServerTerms terms) => (_feed, _terms) = (feed, terms);

    /// <summary>For SERVER of update.conf: an http address as the test's machines see it.</summary>
    public string Server => _terms.Server;

    /// <summary>The same over https; the certificate is signed by <see cref="Authority"/>.</summary>
    public string SecureServer => _terms.SecureServer;

    /// <summary>PEM of the authority made for this run, whose key is gone. No image trusts it.</summary>
    public string Authority => _terms.Authority;

    /// <summary>What clients have told, in order, that of their checks too. A snapshot.</summary>
    public IReadOnlyList<OmahaEvent> Events => _feed.Events;

    /// <summary>Checks, events and pings, in order. A snapshot.</summary>
    public IReadOnlyList<OmahaRequest> Requests => _feed.Requests;

    /// <summary>Requests for packages, in the order they began. A snapshot.</summary>
    public IReadOnlyList<PackageRequest> Packages => _feed.Packages;

    /// <summary>Offers an update to every client from now on, in place of all that was offered before.</summary>
    /// <exception cref="UsageException">One of its files is not there.</exception>
    public void Offer(UpdateOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        _feed.Offers.Set(offer);
    }

    /// <summary>Offers an update to the clients of one group, whatever the others are offered; null offers it nothing.</summary>
    /// <param name="group">GROUP of update.conf.</param>
    /// <param name="offer">Until the next <see cref="Offer"/> or <see cref="OfferNothing"/>.</param>
    public void OfferToGroup(string group, UpdateOffer? offer) => _feed.Offers.SetGroup(group, offer);

    /// <summary>Offers an update to one machine, whatever its group is offered; null offers it nothing.</summary>
    /// <param name="machineId">/etc/machine-id.</param>
    /// <param name="offer">Until the next <see cref="Offer"/> or <see cref="OfferNothing"/>.</param>
    public void OfferToMachine(string machineId, UpdateOffer? offer) => _feed.Offers.SetMachine(machineId, offer);

    /// <summary>There is no update, for nobody.</summary>
    public void OfferNothing() => _feed.Offers.Set(null);

    /// <summary>Lets the server misbehave. Several faults hold at once; of two that exclude each other the first comes first.</summary>
    /// <param name="fault">How.</param>
    /// <param name="times">How often it happens; null until <see cref="Mend"/>.</param>
    public void Break(ServerFault fault, int? times = null)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (times is { } often)
            ArgumentOutOfRangeException.ThrowIfLessThan(often, 1, nameof(times));
        _feed.Faults.Add(fault, times);
    }

    /// <summary>Ends all faults. Downloads that stall go on stalling.</summary>
    public void Mend() => _feed.Faults.Clear();

    /// <summary>Lets every download wait before one byte, until what is returned is disposed.</summary>
    /// <param name="at">0 for the first byte of the file, also where a range is asked for; a range that begins behind it passes.</param>
    public StalledDownload StallAt(long at)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(at);
        return new StalledDownload(_feed, _feed.Faults.StallAt(at), async (what, reached) => await AwaitAsync(what, () => reached.IsCompleted ? "" : null, () => reached));
    }

    /// <summary>Demands a user's name and password for packages. The client sends them over https alone.</summary>
    public void DemandLogin(string user, string password) => _feed.Login = (user, password);

    /// <summary>Waits for an event. There is no limit but the test's.</summary>
    /// <param name="what">Completes "waited for …".</param>
    /// <param name="holds">Whether it is the one.</param>
    /// <param name="after">So many events are not looked at: <c>Events.Count</c> of before.</param>
    /// <returns>The first one.</returns>
    public Task<OmahaEvent> WaitForEventAsync(string what, Func<OmahaEvent, bool> holds, int after = 0) =>
        AwaitAsync(what, () => _feed.Events.Skip(after).FirstOrDefault(holds), _feed.ChangedAsync);

    /// <summary>Waits for a request. There is no limit but the test's.</summary>
    /// <param name="what">Completes "waited for …".</param>
    /// <param name="holds">Whether it is the one.</param>
    /// <param name="after">So many requests are not looked at: <c>Requests.Count</c> of before.</param>
    /// <returns>The first one.</returns>
    public Task<OmahaRequest> WaitForRequestAsync(string what, Func<OmahaRequest, bool> holds, int after = 0) =>
        AwaitAsync(what, () => _feed.Requests.Skip(after).FirstOrDefault(holds), _feed.ChangedAsync);

    private async Task<T> AwaitAsync<T>(string what, Func<T?> find, Func<Task> changed)
        where T : class
    {
        long start = _terms.Time.GetTimestamp();
        T? found = null;
        try
        {
            while (true)
            {
                // Asked for before looking: what comes in between is not missed.
                Task next = changed();
                if ((found = find()) is not null)
                    return found;
                await next.WaitAsync(_terms.Deadline);
            }
        }
        catch (OperationCanceledException) when (_terms.WhyEnded() is { } why)
        {
            throw why;
        }
        finally
        {
            _terms.Emit(new WaitEnded
            {
                At = _terms.Time.GetUtcNow(),
                Test = _terms.Test,
                For = what,
                Held = found is not null,
                ElapsedSeconds = _terms.Time.GetElapsedTime(start).TotalSeconds,
                LastSeen = found?.ToString() is { Length: > 0 } seen ? seen : _feed.Requests is [.., var last] ? last.ToString() : "no request",
            });
        }
    }
}
