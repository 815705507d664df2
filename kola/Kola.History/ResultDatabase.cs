using System.Data.Common;
using System.Globalization;
using Dapper;
using Kola.Reporting;

namespace Kola.History;

/// <summary>
/// Every result of every run, in a file or on a server. Unlike the scheduler's history of costs, which keeps the last five of each test, nothing is
/// ever dropped: it answers what a test did over months, and since which version.
/// </summary>
public sealed class ResultDatabase : IAsyncDisposable
{
    // Any number that nothing else on a server takes for a lock; "kola" in ASCII.
    private const long Lock = 0x6b6f6c61;

    private readonly DbConnection _connection;
    private readonly DatabaseTarget _target;

    private ResultDatabase(DbConnection connection, DatabaseTarget target) => (_connection, _target) = (connection, target);

    /// <summary>Opens a database, and makes or updates its tables.</summary>
    /// <exception cref="UsageException">The file is no database, or a newer kola wrote it.</exception>
    /// <exception cref="PlatformException">It cannot be reached, read or written.</exception>
    public static async Task<ResultDatabase> OpenAsync(DatabaseTarget target, CancellationToken cancel)
    {
        DbConnection connection = target.Connect();
        var database = new ResultDatabase(connection, target);
        try
        {
            await database.GuardedAsync(async () =>
            {
                if (!target.IsServer && Path.GetDirectoryName(connection.DataSource) is { Length: > 0 } directory)
                    Directory.CreateDirectory(directory);
                await connection.OpenAsync(cancel);
                if (!target.IsServer)
                    // Readers do not wait for whoever writes.
                    await connection.ExecuteAsync("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
                await database.MigrateAsync(cancel);
                return 0;
            });
            return database;
        }
        catch (Exception)
        {
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Adds a run, or replaces what is there of it: adding one twice changes nothing.</summary>
    /// <exception cref="UsageException">It has no beginning, or another run of that name is there.</exception>
    /// <exception cref="PlatformException">It cannot be written; then nothing of it is.</exception>
    public Task AddAsync(Report report, CancellationToken cancel)
    {
        RunStarted run = report.Run ?? throw new UsageException("a record without run-started is no run");
        return GuardedAsync(async () =>
        {
            await using DbTransaction transaction = await BeginAsync(cancel);
            long at = Milliseconds(run.At);
            if (await _connection.ExecuteScalarAsync<long?>("SELECT at FROM run WHERE name = @Run", new { run.Run }, transaction) is { } known && known != at)
                throw new UsageException($"{_target.Shown} holds another run called {run.Run}\n  wanted:  one run of a name\n  got:     one of {Time(known):yyyy-MM-dd HH:mm:ss} UTC and one of {Time(at):yyyy-MM-dd HH:mm:ss} UTC");
            await _connection.ExecuteAsync("DELETE FROM run WHERE name = @Run", new { run.Run }, transaction);
            await _connection.ExecuteAsync(
                "INSERT INTO run (name, at, platform, architecture, firmware, image, digest, version, channel, kola, stopped, complete) VALUES (@Name, @At, @Platform, @Architecture, @Firmware, @Image, @Digest, @Version, @Channel, @Kola, @Stopped, @Complete)",
                new { Name = run.Run, At = at, run.Platform, run.Image.Architecture, Firmware = GatePlace.FirmwareOf(run), Image = run.Image.Name, run.Image.Digest, run.Image.Version, run.Image.Channel, run.Kola, report.Stopped, Complete = report.Complete ? 1L : 0L },
                transaction);
            foreach (TestReport test in report.Tests)
                await AddAsync(run.Run, test, transaction);
            await transaction.CommitAsync(cancel);
            return 0;
        });
    }

    /// <summary>Results, oldest first.</summary>
    /// <exception cref="PlatformException">They cannot be read.</exception>
    public Task<IReadOnlyList<StoredResult>> ReadAsync(ResultFilter filter, CancellationToken cancel) => GuardedAsync<IReadOnlyList<StoredResult>>(async () =>
    {
        cancel.ThrowIfCancellationRequested();
        IEnumerable<Row> rows = await _connection.QueryAsync<Row>(
            """
            SELECT run.name AS "Run", run.at AS "At", run.platform AS "Platform", run.architecture AS "Architecture", run.firmware AS "Firmware", run.image AS "Image", run.digest AS "Digest",
                run.version AS "Version", run.channel AS "Channel", run.kola AS "Kola", COALESCE(former.test, result.test) AS "Test", result.outcome AS "Outcome",
                result.attempts AS "Attempts", result.seconds AS "Seconds", result.message AS "Message", result.sign AS "Sign"
            FROM result JOIN run ON run.name = result.run LEFT JOIN former ON former.formerly = result.test
            WHERE (@Platform IS NULL OR run.platform = @Platform) AND (@Architecture IS NULL OR run.architecture = @Architecture)
                AND (@Channel IS NULL OR run.channel = @Channel) AND run.at >= @Since
                AND (@Test IS NULL OR COALESCE(former.test, result.test) = COALESCE((SELECT test FROM former WHERE formerly = @Test), @Test))
            ORDER BY run.at, run.name, result.test
            """,
            new { filter.Test, filter.Platform, filter.Architecture, filter.Channel, Since = filter.Since is { } since ? Milliseconds(since) : 0 });
        StoredResult[] results = [.. rows.Select(row => row.AsResult())];
        return filter.Last <= 0 ? results : [.. results.GroupBy(result => result.Test).SelectMany(test => test.TakeLast(filter.Last)).OrderBy(result => result.At)];
    });

    public async ValueTask DisposeAsync() => await _connection.DisposeAsync();

    private async Task AddAsync(string run, TestReport test, DbTransaction transaction)
    {
        if (test.Formerly is { } formerly && formerly != test.Id)
            await _connection.ExecuteAsync("INSERT INTO former (formerly, test) VALUES (@formerly, @Id) ON CONFLICT (formerly) DO UPDATE SET test = excluded.test", new { formerly, test.Id }, transaction);
        await _connection.ExecuteAsync(
            "INSERT INTO result (run, test, outcome, attempts, seconds, message, sign) VALUES (@run, @Id, @Outcome, @Attempts, @Seconds, @Message, @Sign)",
            new { run, test.Id, Outcome = test.Outcome.Word(), Attempts = (long)test.Attempts.Count, Seconds = Finite(test.ElapsedSeconds), Message = Line(test.Message), test.Evidence?.Sign },
            transaction);
        foreach (AttemptReport attempt in test.Attempts)
        {
            await _connection.ExecuteAsync(
                "INSERT INTO attempt (run, test, number, outcome, at, seconds, message, sign) VALUES (@run, @Id, @Number, @Outcome, @At, @Seconds, @Message, @Sign)",
                new { run, test.Id, Number = (long)attempt.Number, Outcome = attempt.Outcome.Word(), At = attempt.Started is { } at ? Milliseconds(at) : (long?)null, Seconds = Finite(attempt.ElapsedSeconds), Message = Line(attempt.Message), attempt.Evidence?.Sign },
                transaction);
        }
    }

    private async Task MigrateAsync(CancellationToken cancel)
    {
        await using DbTransaction transaction = await BeginAsync(cancel);
        await _connection.ExecuteAsync("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)", transaction: transaction);
        long version = await _connection.ExecuteScalarAsync<long?>("SELECT MAX(version) FROM schema_version", transaction: transaction) ?? 0;
        if (version > Migrations.Steps.Count)
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{_target.Shown} was written by a newer kola: its shape is {version}\n  wanted:  a shape up to {Migrations.Steps.Count}\n  next:    a newer kola, or another --database"));
        for (; version < Migrations.Steps.Count; version++)
        {
            await _connection.ExecuteAsync(Migrations.Steps[(int)version], transaction: transaction);
            await _connection.ExecuteAsync("INSERT INTO schema_version (version) VALUES (@next)", new { next = version + 1 }, transaction);
        }

        await transaction.CommitAsync(cancel);
    }

    // SQLite's transactions take the writer's lock when they begin; on a server one lock of our own does the same, before any table exists.
    private async Task<DbTransaction> BeginAsync(CancellationToken cancel)
    {
        DbTransaction transaction = await _connection.BeginTransactionAsync(cancel);
        if (_target.IsServer)
            await _connection.ExecuteAsync("SELECT pg_advisory_xact_lock(@Lock)", new { Lock }, transaction);
        return transaction;
    }

    private async Task<T> GuardedAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (DbException fault) when (fault is Microsoft.Data.Sqlite.SqliteException { SqliteErrorCode: 26 })
        {
            throw new UsageException($"{_target.Shown} is no database of results: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is DbException or IOException or UnauthorizedAccessException or System.Net.Sockets.SocketException or TimeoutException)
        {
            throw new PlatformException(Signal.Host, $"the database of results {_target.Shown} cannot be used: {PlainText.FirstLine(fault.Message)}", fault);
        }
    }

    private static string? Line(string? message) => message is null ? null : PlainText.FirstLine(message);

    private static double Finite(double seconds) => double.IsFinite(seconds) ? Math.Max(0, seconds) : 0;

    private static long Milliseconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

    private static DateTimeOffset Time(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record Row
    {
        public string Run { get; init; } = "";

        public long At { get; init; }

        public string Platform { get; init; } = "";

        public string Architecture { get; init; } = "";

        public string? Firmware { get; init; }

        public string Image { get; init; } = "";

        public string Digest { get; init; } = "";

        public string? Version { get; init; }

        public string? Channel { get; init; }

        public string Kola { get; init; } = "";

        public string Test { get; init; } = "";

        public string Outcome { get; init; } = "";

        public long Attempts { get; init; }

        public double Seconds { get; init; }

        public string? Message { get; init; }

        public string? Sign { get; init; }

        internal StoredResult AsResult() => new()
        {
            Run = Run,
            At = Time(At),
            Platform = Platform,
            Architecture = Architecture,
            Firmware = Firmware,
            Image = Image,
            Digest = Digest,
            Version = Version,
            Channel = Channel,
            Kola = Kola,
            Test = Test,
            Outcome = Enum.GetValues<Outcome>().First(outcome => outcome.Word() == Outcome),
            Attempts = (int)Attempts,
            Seconds = Seconds,
            Message = Message,
            Sign = Sign,
        };
    }
}
