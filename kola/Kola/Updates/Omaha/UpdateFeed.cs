using System.Collections.Immutable;
using System.Text;

namespace Kola.Updates.Omaha;

/// <summary>
/// One server of updates as its clients see it: what it offers, what it does wrong and what it was asked. It knows no sockets. Thread-safe.
/// </summary>
/// <param name="time">Says when a request came.</param>
/// <param name="tell">Takes every exchange when it is over, from several threads.</param>
internal sealed class UpdateFeed(TimeProvider time, Action<UpdateExchange> tell) : IDisposable
{
    /// <summary>The id under which all of Flatcar is known.</summary>
    internal const string FlatcarApp = "{e96281a6-d1af-4bde-9a0a-97b76e56dc57}";

    private static readonly TimeSpan s_minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _closed = new();
    private readonly Dictionary<string, DateTimeOffset> _granted = [];
    private ImmutableList<OmahaRequest> _requests = [];
    private ImmutableList<OmahaEvent> _events = [];
    private ImmutableList<PackageRequest> _packages = [];
    private TaskCompletionSource _changed = NewSignal();

    internal OfferList Offers { get; } = new();

    internal FaultList Faults { get; } = new();

    /// <summary>Most machines that are offered an update within a minute; the others are told that there is none. Null for no limit.</summary>
    internal int? MostAMinute { get; init; }

    /// <summary>Who may have packages; null for everybody.</summary>
    internal (string User, string Password)? Login { get; set; }

    /// <summary>Whether requests and events can be asked for afterwards. Default yes; a server that runs for weeks does without.</summary>
    internal bool KeepsRequests { get; init; } = true;

    internal IReadOnlyList<OmahaRequest> Requests => Volatile.Read(ref _requests);

    internal IReadOnlyList<OmahaEvent> Events => Volatile.Read(ref _events);

    internal IReadOnlyList<PackageRequest> Packages => Volatile.Read(ref _packages);

    /// <summary>Cancelled at its end, for downloads in progress.</summary>
    internal CancellationToken Closed => _closed.Token;

    /// <summary>Ends when something has been asked after this was called.</summary>
    internal Task ChangedAsync()
    {
        lock (_lock)
            return _changed.Task;
    }

    /// <summary>Answers a request.</summary>
    /// <param name="body">As it was sent.</param>
    /// <param name="packages">URL below which packages are, with a slash at its end.</param>
    internal async Task<OmahaReply> AnswerAsync(ReadOnlyMemory<byte> body, string packages)
    {
        OmahaRequest asked;
        try
        {
            asked = RequestReader.Read(body, time.GetUtcNow());
        }
        catch (FormatException wrong)
        {
            Tell(new UpdateExchange("refused", "what is no request", wrong.Message, 400, MachineId: null));
            return new OmahaReply(400, Encoding.UTF8.GetBytes(wrong.Message + "\n"));
        }

        Note(asked);
        (OmahaReply reply, string words) = await DecideAsync(asked, packages);
        Tell(new UpdateExchange(asked.Kind, asked.ToString(), words, reply.Status, asked.MachineId));
        return reply;
    }

    /// <summary>Notes the beginning of a request for a package.</summary>
    internal NotedPackage Begin(string path, string? range, long from)
    {
        var request = new PackageRequest(path, range, from, Status: 0, Bytes: 0) { At = time.GetUtcNow() };
        int index;
        lock (_lock)
        {
            index = _packages.Count;
            Volatile.Write(ref _packages, _packages.Add(request));
        }

        Signal();
        return new NotedPackage(this, index);
    }

    public void Dispose() => _closed.Cancel();

    private void Set(int index, Func<PackageRequest, PackageRequest> change)
    {
        PackageRequest now;
        lock (_lock)
        {
            now = change(_packages[index]);
            Volatile.Write(ref _packages, _packages.SetItem(index, now));
        }

        Signal();
        if (now.Ended)
            Tell(new UpdateExchange("package", $"package {now.Path} {now.Range}".TrimEnd(), FormattableString.Invariant($"{now.Bytes} bytes"), now.Status, MachineId: null));
    }

    private void Note(OmahaRequest asked)
    {
        if (!KeepsRequests)
            return;
        lock (_lock)
        {
            Volatile.Write(ref _requests, _requests.Add(asked));
            Volatile.Write(ref _events, _events.AddRange(asked.Events));
        }

        Signal();
    }

    private async Task<(OmahaReply Reply, string Words)> DecideAsync(OmahaRequest asked, string packages)
    {
        if (!string.Equals(asked.AppId, FlatcarApp, StringComparison.OrdinalIgnoreCase))
            return (new OmahaReply(200, ResponseWriter.UnknownApp(asked)), "error-unknownApplication");
        if (!asked.IsUpdateCheck)
            return (new OmahaReply(200, ResponseWriter.Answer(asked, update: null, packages)), "");
        if (Faults.Take(FaultKind.CheckStatus, FaultKind.Garbage, FaultKind.EmptyAnswer, FaultKind.CheckReset) is { } fault)
            return (Wrong(fault), $"on purpose: {fault.Kind}");
        if (Offers.Of(asked) is not { } offer || !offer.EvenIfSame && offer.Version == asked.AppVersion || !Grant(asked.MachineId))
            return (new OmahaReply(200, ResponseWriter.Answer(asked, update: null, packages)), "noupdate");
        var update = new OfferedUpdate(offer, await Task.WhenAll(offer.Files.Select(OfferedPackage.OfAsync)));
        return (new OmahaReply(200, ResponseWriter.Answer(asked, update, packages + Offers.ShelfOf(offer))), $"update to {offer.Version}");
    }

    private static OmahaReply Wrong(ServerFault fault) => fault.Kind switch
    {
        FaultKind.CheckStatus => new OmahaReply((int)fault.Number, []),
        FaultKind.Garbage => new OmahaReply(200, "this is no XML"u8.ToArray()),
        FaultKind.EmptyAnswer => new OmahaReply(200, []),
        _ => OmahaReply.Reset,
    };

    // Who was granted an update may ask again: its download may have failed.
    private bool Grant(string machine)
    {
        if (MostAMinute is not { } most)
            return true;
        DateTimeOffset now = time.GetUtcNow();
        lock (_lock)
        {
            foreach (string old in _granted.Where(g => now - g.Value >= s_minute).Select(g => g.Key).ToArray())
                _granted.Remove(old);
            if (_granted.ContainsKey(machine))
                return true;
            if (_granted.Count >= most)
                return false;
            _granted[machine] = now;
            return true;
        }
    }

    // Once closed it belongs to the past: nobody is told of what still runs out.
    private void Tell(UpdateExchange exchange)
    {
        if (!_closed.IsCancellationRequested)
            tell(exchange);
    }

    private void Signal()
    {
        TaskCompletionSource changed;
        lock (_lock)
            (changed, _changed) = (_changed, NewSignal());
        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A request for a package that is on its way.</summary>
    internal readonly record struct NotedPackage(UpdateFeed Feed, int Index)
    {
        internal void Answered(int status) => Feed.Set(Index, request => request with { Status = status });

        internal void End(long bytes) => Feed.Set(Index, request => request with { Bytes = bytes, Ended = true });
    }
}
