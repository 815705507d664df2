using Kola.Reporting;
using Kola.Updates.Omaha;

namespace Kola.Running;

/// <summary>One attempt's part of the run's update server, and the record of it.</summary>
internal sealed class TestUpdates : IDisposable
{
    private readonly string _test;
    private readonly int _attempt;
    private readonly SessionOptions _options;
    private readonly string _file;
    private readonly UpdateFeed _feed;
    private readonly Lock _lock = new();
    private bool _over;

    private TestUpdates(TestCase test, int attempt, SessionOptions options, string directory)
    {
        _test = test.Id;
        _attempt = attempt;
        _options = options;
        _file = Path.Combine(directory, RunDirectory.UpdatesFile);
        _feed = new UpdateFeed(options.Time, Record);
    }

    /// <summary>What the test sees of it.</summary>
    internal UpdateServer Server { get; private set; } = null!;

    /// <summary>Opens it for an attempt; null for a test that asks for none.</summary>
    /// <param name="test">The test.</param>
    /// <param name="attempt">1 for the first.</param>
    /// <param name="options">The run.</param>
    /// <param name="directory">Of the attempt.</param>
    /// <param name="whyEnded">Why the test was ended; null while it was not.</param>
    /// <param name="deadline">Cancelled when it is ended.</param>
    internal static TestUpdates? Of(TestCase test, int attempt, SessionOptions options, string directory, Func<KolaException?> whyEnded, CancellationToken deadline)
    {
        if (!test.Needs.Contains(Feature.OmahaServer) || options.Updates is not { } serving || options.Platform.HostAddress is not { } host)
            return null;
        var updates = new TestUpdates(test, attempt, options, directory);
        string scope = serving.Open(updates._feed);
        updates.Server = new UpdateServer(updates._feed, new UpdateServerTerms
        {
            Test = test.Id,
            Server = serving.Http(host, scope),
            SecureServer = serving.Https(host, scope),
            Authority = serving.Authority,
            Time = options.Time,
            Emit = options.Emit,
            WhyEnded = whyEnded,
            Deadline = deadline,
        });
        return updates;
    }

    public void Dispose()
    {
        // Nothing is told of an attempt that is over.
        lock (_lock)
            _over = true;
        _feed.Dispose();
    }

    private void Record(UpdateExchange exchange)
    {
        DateTimeOffset now = _options.Time.GetUtcNow();
        lock (_lock)
        {
            if (_over)
                return;
            try
            {
                File.AppendAllText(_file, _options.Masking.Mask(FormattableString.Invariant($"{now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {exchange}\n")));
            }
            catch (IOException)
            {
                // A full disk is told by what the run keeps; a machine must not go without its answer for want of a log line.
            }

            _options.Emit(new UpdateExchanged
            {
                At = now,
                Test = _test,
                Attempt = _attempt,
                Kind = exchange.Kind,
                Asked = exchange.Text,
                Answered = exchange.Answer,
                Status = exchange.Status,
                MachineId = exchange.MachineId,
            });
        }
    }
}
