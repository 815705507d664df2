using System.Globalization;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>Calls a lab's commands: with a limit of time, again where that may help, and with what went wrong as a type.</summary>
internal sealed class LabCalls
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(5);

    private readonly IReadOnlyDictionary<string, string?> _secrets;
    private readonly TimeProvider _clock;

    /// <param name="lab">The lab.</param>
    /// <param name="access">Where its secrets are.</param>
    /// <exception cref="UsageException">A program is missing, or a secret is not set.</exception>
    internal LabCalls(LabOptions lab, PlatformAccess access)
    {
        Lab = lab;
        _clock = access.Clock;
        _secrets = lab.Secrets.ToDictionary(name => name, access.Environment);
        string[] wrong =
        [
            .. _secrets.Where(s => s.Value is not { Length: >= 4 }).Select(s => $"{lab.File}: secrets: {s.Key} {(s.Value is null ? "is not set" : "has a value of less than 4 characters")}\n  wanted:  a variable of the environment\n  next:    {s.Key}=… kola …"),
            .. Commands(lab).Where(c => !IsThere(c.Run[0])).Select(c => $"{lab.File}: {c.Name}: {c.Run[0]} is no program that can be run\n  wanted:  a file of mode +x, or a name on the path\n  next:    chmod +x, or mend run"),
        ];
        if (wrong.Length > 0)
            throw new UsageException(string.Join('\n', wrong.Distinct()));
        Masking = Masking.Of(_secrets.Select(s => KeyValuePair.Create(s.Key, s.Value!)), lab.Secrets);
    }

    /// <summary>The lab.</summary>
    internal LabOptions Lab { get; }

    /// <summary>Knows its secrets.</summary>
    internal Masking Masking { get; }

    /// <summary>Calls a command until it has done what it is for.</summary>
    /// <typeparam name="T">What is made of its output.</typeparam>
    /// <param name="command">The command.</param>
    /// <param name="request">What it is told.</param>
    /// <param name="read">Makes something of its standard output; null, with a problem, when that cannot be done.</param>
    /// <param name="again">What is done before it is tried again, and before a failure is told; null for nothing.</param>
    /// <param name="cancel">Ends it, with all it has started.</param>
    /// <exception cref="PlatformException">It failed for good.</exception>
    internal async Task<T> CallAsync<T>(LabCommand command, LabRequest request, Reading<T> read, Func<CallFailure, Task>? again, CancellationToken cancel)
    {
        TimeSpan pause = command.Backoff;
        for (int attempt = 1; ; attempt++)
        {
            (T? result, CallFailure? failure) = await TryAsync(command, request, read, again, cancel);
            if (failure is null)
                return result!;
            if (again is not null)
                await again(failure);
            if (!failure.MayHelpAgain || attempt > command.Retries)
                throw Failed(command, request, failure, attempt);
            await Task.Delay(pause, _clock, cancel);
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
    }

    /// <summary>Calls a command whose output says nothing.</summary>
    /// <returns>False when it says that there is no such machine.</returns>
    /// <inheritdoc cref="CallAsync{T}" path="/param|/exception"/>
    internal async Task<bool> CallAsync(LabCommand command, LabRequest request, CancellationToken cancel)
    {
        bool gone = false;
        try
        {
            return await CallAsync(command, request, Silent, Note, cancel);
        }
        catch (PlatformException) when (gone)
        {
            return false;
        }

        static bool Silent(string output, out string? problem)
        {
            problem = null;
            return true;
        }

        Task Note(CallFailure failure)
        {
            gone |= failure.Meaning == ExitMeaning.Gone;
            return Task.CompletedTask;
        }
    }

    /// <summary>How a command is called.</summary>
    internal ProgramCall ProgramOf(LabCommand command, LabRequest request)
    {
        var environment = request.Variables().ToDictionary();
        foreach ((string name, string? value) in _secrets)
            environment[name] = value;
        return new ProgramCall { Run = command.Run, Directory = Lab.Directory, Environment = environment, Input = request.Input(command.Input) };
    }

    private async Task<(T? Result, CallFailure? Failure)> TryAsync<T>(LabCommand command, LabRequest request, Reading<T> read, Func<CallFailure, Task>? again, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        await using LabProgram program = await LabProgram.StartAsync(ProgramOf(command, request), null);
        using var late = new CancellationTokenSource(command.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
        try
        {
            int code = await program.Exited.WaitAsync(either.Token);
            if (code != 0)
                return (default, CallFailure.Of(code, command.Exits, program.Words));
            T? result = read(program.Output, out string? problem);
            return problem is null ? (result, null) : (default, CallFailure.Unreadable(problem, program.Words));
        }
        catch (OperationCanceledException)
        {
            bool held = !program.IsThere;
            await program.EndAsync();
            if (!cancel.IsCancellationRequested)
                return (default, CallFailure.Late(command.Timeout, held, program.Words));
            if (again is not null)
                await again(CallFailure.Ended);
            throw;
        }
    }

    private PlatformException Failed(LabCommand command, LabRequest request, CallFailure failure, int attempts)
    {
        string who = request.Spec?.Id ?? request.Machine ?? Lab.Name;
        string tries = attempts == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", {attempts} times");
        string words = failure.Words.Count == 0 ? "" : "\n  words:   " + string.Join("\n           ", failure.Words.TakeLast(5).Select(Masking.Mask));
        string message = $"{who}: {command.Name} of the lab {Lab.Name} failed{tries}\n  wanted:  {failure.Wanted}\n  got:     {Masking.Mask(failure.Got)}{words}\n  see:     `{ProgramOf(command, request).Line}`, as {Lab.File} says";
        return new PlatformException(failure.Meaning == ExitMeaning.Quota ? Signal.Quota : Signal.Emulator, message);
    }

    private static IEnumerable<LabCommand> Commands(LabOptions lab) =>
        new[] { lab.Provision, lab.Deprovision, lab.List }
            .Concat(new[] { lab.Controls }.Concat(lab.Ready.Select(r => r.Controls)).SelectMany(c => new[] { c.Power, c.Status, c.Console, c.Restore }))
            .OfType<LabCommand>();

    private static bool IsThere(string program) => program.Contains('/')
        ? IsProgram(program)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => IsProgram(Path.Combine(directory, program)));

    private static bool IsProgram(string file) =>
        File.Exists(file) && (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;
}

/// <summary>Makes something of what a command has said.</summary>
/// <typeparam name="T">What is made.</typeparam>
/// <param name="output">Its standard output.</param>
/// <param name="problem">What is wrong with it; null when nothing is.</param>
internal delegate T? Reading<T>(string output, out string? problem);

/// <summary>Why a call did not do.</summary>
internal sealed record CallFailure
{
    /// <summary>kola itself has ended it.</summary>
    internal static CallFailure Ended { get; } = new() { Meaning = ExitMeaning.Fatal, MayHaveActed = true, Wanted = "", Got = "it was ended" };

    /// <summary>What kind of failure it is.</summary>
    internal required ExitMeaning Meaning { get; init; }

    /// <summary>Whether it may have done something before it failed.</summary>
    internal required bool MayHaveActed { get; init; }

    /// <summary>For the message.</summary>
    internal required string Wanted { get; init; }

    /// <summary>For the message.</summary>
    internal required string Got { get; init; }

    /// <summary>Its last words.</summary>
    internal IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Whether it is worth trying again.</summary>
    internal bool MayHelpAgain => Meaning == ExitMeaning.Retry;

    internal static CallFailure Of(int code, IReadOnlyDictionary<int, ExitMeaning> exits, IReadOnlyList<string> words)
    {
        ExitMeaning meaning = exits.GetValueOrDefault(code, ExitMeaning.Fatal);
        string how = code > 128 ? string.Create(CultureInfo.InvariantCulture, $"signal {code - 128}") : string.Create(CultureInfo.InvariantCulture, $"exit code {code}");
        return new CallFailure
        {
            Meaning = meaning,
            MayHaveActed = meaning is ExitMeaning.Fatal or ExitMeaning.Retry,
            Wanted = "exit code 0",
            Got = meaning switch
            {
                ExitMeaning.Quota => $"{how}: no room, by quota or capacity",
                ExitMeaning.Usage => $"{how}: the lab does not have what was asked for",
                ExitMeaning.Gone => $"{how}: there is no such machine",
                _ => how,
            },
            Words = words,
        };
    }

    // A program that says nonsense once may have been cut short.
    internal static CallFailure Unreadable(string problem, IReadOnlyList<string> words) =>
        new() { Meaning = ExitMeaning.Fatal, MayHaveActed = true, Wanted = "one JSON object on its standard output, see docs/platforms/lab.md", Got = problem, Words = words };

    internal static CallFailure Late(TimeSpan limit, bool held, IReadOnlyList<string> words) => new()
    {
        Meaning = ExitMeaning.Retry,
        MayHaveActed = true,
        Wanted = string.Create(CultureInfo.InvariantCulture, $"its end within {limit.TotalSeconds:0.###} s"),
        Got = held ? "it has ended, and something it has started holds its output: detach that (setsid PROGRAM >/dev/null 2>&1 </dev/null &)" : "it hung, and was ended with all it had started",
        Words = words,
    };
}
