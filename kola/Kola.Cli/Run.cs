using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kola.Ignition;
using Kola.Machines;
using Kola.Planning;
using Kola.Reporting;
using Kola.Running;
using Kola.Scheduling;
using Kola.Serving;

namespace Kola.Cli;

/// <summary>One run: its directory, its events, its session, its report.</summary>
internal sealed class Run(Target target, Plan plan, RunSettings settings, Interruptions interruptions)
{
    /// <summary>Where runs go that say nothing else.</summary>
    internal const string DefaultRoot = "_kola";

    /// <summary>How plan.json is written.</summary>
    internal static readonly JsonSerializerOptions PlanJson = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly TimeProvider _time = TimeProvider.System;

    // While tests run, NUnit catches what is written to Console.Error; this is the real one.
    private readonly TextWriter _error = TextWriter.Synchronized(Console.Error);
    private readonly SshIdentity _identity = SshIdentity.Create();
    private Masking _masking = settings.Masking;
    private string _keyFile = "";

    /// <summary>Runs the tests by way of <paramref name="runTests"/>, which calls <see cref="Session.RunAsync"/> for each planned test.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> ExecuteAsync(IReadOnlyList<string> commandLine, Func<Session, Task> runTests) => (await ReportAsync(commandLine, runTests)).ExitCode;

    /// <summary>As <see cref="ExecuteAsync"/>.</summary>
    /// <returns>What the run amounts to.</returns>
    internal async Task<Report> ReportAsync(IReadOnlyList<string> commandLine, Func<Session, Task> runTests)
    {
        using (var key = new StreamReader(_identity.OpenPrivateKey()))
            _masking = _masking.With(await key.ReadToEndAsync(), "private key");
        string name = settings.Name ?? OwnName(settings.Output ?? DefaultRoot);
        string root = settings.Output ?? DefaultRoot;
        RunDirectory directory = settings.Name is null ? RunDirectory.Create(root, name) : RunDirectory.CreateUnlinked(root, name);
        long start = _time.GetTimestamp();
        await WriteAsync(Path.Combine(directory.FullPath, RunDirectory.PlanFile), MaskedPlan());
        using var log = EventLog.Create(Path.Combine(directory.FullPath, RunDirectory.EventsFile));
        using IProgressDisplay display = settings.Quiet ? new NoDisplay() : ProgressDisplay.Create(_time);
        Session? session = null;
        // The one way every event goes, before it is recorded, shown or reported.
        void Emit(RunEvent told)
        {
            RunEvent happened = MaskedEvent.Of(told, _masking);
            try
            {
                log.Append(happened);
            }
            catch (PlatformException full)
            {
                // What cannot be recorded proves nothing: no use in going on.
                session?.Stop(full.Message);
            }

            display.Show(happened);
        }

        await using FileServer? files = await ServeAsync(directory);
        await using OmahaServer? updates = plan.NeedsOmahaServer ? await OmahaServer.StartAsync(new OmahaServerOptions { Time = _time }, interruptions.First) : null;
        Announce(name, commandLine, Emit);
        using (session = new Session(Options(directory, Emit, files, updates)))
            await WithStopsAsync(session, directory, runTests);
        Emit(new RunEnded { At = _time.GetUtcNow(), Stopped = session.Stopped, ElapsedSeconds = _time.GetElapsedTime(start).TotalSeconds });
        display.Dispose();
        // Not cancelled with the run: what tests took is known, however the run ended. What they took of machines that are wrong is not what they take.
        if (settings is { History: { } history, Fault: null })
            await history.AddAsync(log.Events, CancellationToken.None);
        Report report = Report.Of(log.Events);
        if (settings.Results is { } results)
            await DatabaseOption.AddAsync(results, report, directory.FullPath, CancellationToken.None);
        return Finish(report, directory, log.Failure);
    }

    // That under which its machines are tagged, but for who runs more than once on one platform.
    private string OwnName(string root) =>
        target.Request?.Tags.Run is { } run && !Directory.Exists(Path.Combine(root, run)) ? run : RunDirectory.NameOf(target.Platform.Name, _time.GetUtcNow(), Environment.ProcessId);

    private async Task WithStopsAsync(Session session, RunDirectory directory, Func<Session, Task> runTests)
    {
        _keyFile = Path.Combine(directory.FullPath, RunDirectory.KeyFile);
        using CancellationTokenRegistration first = interruptions.First.Register(() => session.Stop("interrupted"));
        using CancellationTokenRegistration second = interruptions.Second.Register(() => session.Kill("interrupted"));
        using ITimer? limit = settings.Limit is { } most ? _time.CreateTimer(_ => session.Stop("timeout"), null, most, Timeout.InfiniteTimeSpan) : null;
        using IDisposable current = session.MakeCurrent();
        try
        {
            if (settings.Keep)
                await _identity.WriteAsync(_keyFile, CancellationToken.None);
            await runTests(session);
            await session.SettleAsync();
        }
        finally
        {
            // Whoever stopped the run may have taken its directory away at once.
            if (Directory.Exists(directory.FullPath))
                File.Delete(_keyFile);
        }
    }


    /// <summary>What <c>ssh</c> needs to get into a machine of this run. Valid while the run lasts and keeps its key.</summary>
    internal string[] SshArguments(Machine machine) => machine.SshArguments(_keyFile);

    // Only where a config refers to it: nothing listens that nobody asks.
    private async Task<FileServer?> ServeAsync(RunDirectory directory) => plan.FilesDirectory is { } root
        ? await FileServer.StartAsync(new FileServerOptions { Root = root, LogFile = Path.Combine(directory.FullPath, RunDirectory.ServedFile), Masking = _masking, Time = _time }, interruptions.First)
        : null;

    private SessionOptions Options(RunDirectory directory, Action<RunEvent> emit, FileServer? files, OmahaServer? updates) => new()
    {
        Updates = updates?.Serving,
        Served = files?.Addresses,
        Requests = () => files?.Requests ?? [],
        Payloads = settings.Payloads,
        Inputs = settings.Inputs,
        Plan = plan,
        Image = target.Image,
        Platform = target.Platform,
        Capacity = target.Capacity,
        Directory = directory.FullPath,
        Shown = directory.Shown,
        Emit = emit,
        Identity = _identity,
        Seed = settings.Seed,
        Expected = PlanCommand.ExpectationOf(target, settings.History?.Read() ?? CostHistory.Empty),
        Time = _time,
        Keep = settings.Keep,
        Fault = settings.Fault,
        FailFast = settings.FailFast,
        Order = settings.Order,
        Masking = _masking,
        Tell = _error.WriteLine,
        AcceptUnsettled = settings.Visit,
        Cold = settings.Cold,
        // In a stress run it is the repetitions that are compared.
        Parity = settings.Stress > 0 ? 0 : settings.Parity,
        Retries = settings.Retries,
        Stress = settings.Stress,
    };

    private void Announce(string name, IReadOnlyList<string> commandLine, Action<RunEvent> emit)
    {
        var facts = new Dictionary<string, string>(target.Platform.Facts)
        {
            ["host-kernel"] = RuntimeInformation.OSDescription,
            ["host-cores"] = Environment.ProcessorCount.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["runtime"] = RuntimeInformation.FrameworkDescription,
            ["cost"] = settings.WorstCaseOf(plan, target).ToString(),
        };
        DateTimeOffset now = _time.GetUtcNow();
        emit(new RunStarted
        {
            At = now,
            Run = name,
            Kola = VersionCommand.Text,
            CommandLine = commandLine,
            Platform = target.Platform.Name,
            Facts = facts,
            Image = target.Image,
            Inputs = settings.Inputs.Count == 0 ? null : settings.Inputs.ToDictionary(input => input.Key, input => input.Value.Digest),
            Slowness = target.Platform.Slowness,
            Seed = settings.Seed,
            Retries = settings.Retries,
            Stress = settings.Stress,
            Planned = plan.Tests.Count,
            Visit = settings.Visit,
            Fault = settings.Fault?.Id,
            Shard = settings.Shard?.ToString(),
            Selection = settings.Selection,
        });
        if (settings.Policy is { } policy)
            emit(policy.AsEvent(now));
        foreach (PlannedTest test in plan.Tests)
        {
            emit(new TestPlanned
            {
                At = now,
                Test = test.Case.Id,
                Sentence = test.Case.Sentence,
                SkipReason = test.Skip?.Reason,
                SkipRemedy = test.Skip?.Remedy,
                Machines = [.. test.Case.Machines.Select(m => m.Name)],
                Tags = test.Case.Tags,
                Known = test.Known,
                Enforced = test.Enforced,
                SkippedByPolicy = test.SkippedByPolicy,
                Formerly = test.Case.Formerly,
            });
        }
    }

    private Report Finish(Report report, RunDirectory directory, PlatformException? incomplete)
    {
        if (incomplete is not null)
            Console.Error.WriteLine($"kola: {incomplete.Message}");
        foreach (Action write in (Action[])[() => Rendering.WriteAll(report, directory.FullPath, directory.Shown), () => settings.Publication.Write(report)])
        {
            try
            {
                write();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or PlatformException)
            {
                Console.Error.WriteLine($"kola: the reports could not be written to {directory.Shown}: {fault.Message}\n  next:    make room, then kola report {directory.FullPath}");
                incomplete ??= new PlatformException(Signal.HostStorage, fault.Message, fault);
            }
        }

        // A run whose record or reports are not whole proves nothing, whatever its tests said.
        if (incomplete is not null)
            report = report with { Problems = [.. report.Problems, incomplete.Message] };

        if (!settings.Quiet)
            SummaryPrinter.Print(report, directory.Shown);
        settings.Publication.Announce(report);
        return report;
    }

    private string MaskedPlan()
    {
        JsonNode json = JsonSerializer.SerializeToNode(plan, PlanJson)!;
        MaskedJson.Mask(json, _masking, (name, text) => name == "config" ? MaskedConfig.Of(text, _masking) : _masking.Mask(text));
        return json.ToJsonString(PlanJson) + "\n";
    }

    private static async Task WriteAsync(string file, string text)
    {
        try
        {
            await File.WriteAllTextAsync(file, text);
        }
        catch (IOException fault)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {fault.Message}", fault);
        }
    }
}
