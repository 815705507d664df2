using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Kola.Machines;
using Kola.Reporting;

namespace Kola.Running;

/// <summary>
/// What is kept of a machine whose test did not pass: its own state, over SSH or past it, or what the host knows of one that no longer answers.
/// <c>state.txt</c> with a heading over each part, and <c>dmesg.txt</c>.
/// </summary>
internal sealed class StateRecord(WatchedMachine watched, SessionOptions options, string test, string directory)
{
    // For each of the two ways in, times the platform's slowness: a verdict is never held up for longer than the two of them.
    private static readonly TimeSpan s_eachWay = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);
    private const int LastLines = 40;

    /// <summary>Asks, writes, and says in events what there is. Never throws, and changes no verdict.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "What could not be kept of a failure is told, and never takes its place.")]
    internal async Task KeepAsync(CancellationToken kill)
    {
        try
        {
            (string By, string Text)? told = watched.Machine.Instance.Exited.IsCompleted ? null : await watched.Machine.TellAsync(StateScript.For(options.Platform.Slowness), s_eachWay, kill);
            if (told is { } state)
                Write(state.By, state.Text);
            else
                Keep(RunDirectory.StateFile, "what the host knows", "host", await HostAsync(kill));
        }
        catch (OperationCanceledException) when (kill.IsCancellationRequested)
        {
            // The person wants to be gone.
        }
        catch (Exception fault)
        {
            options.Emit(new CleanupFailed { At = Now, Test = test, What = Path.Combine(directory, RunDirectory.StateFile), Message = fault is KolaException ? fault.Message : $"{fault.GetType().Name}: {fault.Message}" });
        }
    }

    private DateTimeOffset Now => options.Time.GetUtcNow();

    private void Write(string by, string text)
    {
        // The kernel's log is the longest, the last, and read by itself.
        string heading = $"{StateScript.Heading}{StateScript.KernelLog}\n";
        int at = text.LastIndexOf(heading, StringComparison.Ordinal);
        Keep(RunDirectory.StateFile, "units, jobs, coredumps, disks, memory, processes, network", by, at < 0 ? text : text[..at]);
        if (at >= 0)
            Keep(RunDirectory.KernelLogFile, StateScript.KernelLog, by, text[(at + heading.Length)..]);
    }

    private void Keep(string name, string what, string by, string text)
    {
        string file = Path.Combine(directory, name);
        File.WriteAllText(file, LineMasking.MaskLines(options.Masking, text.TrimEnd() + "\n"));
        options.Emit(new EvidenceKept { At = Now, Test = test, Machine = watched.Machine.Name, What = what, File = Path.GetRelativePath(options.Directory, file), By = by });
    }

    private async Task<string> HostAsync(CancellationToken kill)
    {
        IInstance instance = watched.Machine.Instance;
        var text = new StringBuilder();
        Part("the machine, as the host sees it");
        text.Append(CultureInfo.InvariantCulture, $"{instance.Id} at {instance.Address}\n");
        if (instance.Exited.IsCompletedSuccessfully)
        {
            InstanceExit exit = await instance.Exited;
            text.Append(CultureInfo.InvariantCulture, $"it has ended: {exit.Detail} ({(exit.PlatformFault ? "the platform's fault" : "no fault of the platform")})\n");
        }
        else
        {
            text.Append("it runs, and answers neither over SSH nor over the guest channel\n");
            if (instance.ProcessorTime is { } before)
            {
                // Does it spin, or wait? Nobody else can tell.
                long start = options.Time.GetTimestamp();
                await Wait.PauseAsync(s_look, options.Time, kill);
                double used = ((instance.ProcessorTime ?? before) - before).TotalSeconds;
                text.Append(CultureInfo.InvariantCulture, $"CPU time: {before.TotalSeconds:0.0} s since its start, {used:0.00} s in the last {options.Time.GetElapsedTime(start).TotalSeconds:0.0} s\n");
            }

            if (instance.MemoryMiB is { } memory)
                text.Append(CultureInfo.InvariantCulture, $"host memory it takes (PSS): {memory} MiB\n");
        }

        Part("memory of the host");
        text.Append(HostMemory());
        Part($"console, last {LastLines} lines");
        text.AppendJoin('\n', watched.LastConsoleLines(LastLines)).Append('\n');
        Part($"journal, last {LastLines} lines");
        text.AppendJoin('\n', watched.LastJournalLines(LastLines)).Append('\n');
        return text.ToString();

        void Part(string title) => text.Append(text.Length > 0 ? "\n" : "").Append(StateScript.Heading).Append(title).Append('\n');
    }

    // MemTotal, MemFree, MemAvailable, Buffers, Cached …: the first lines say what is wanted.
    private static string HostMemory()
    {
        try
        {
            return string.Concat(File.ReadLines("/proc/meminfo").Take(16).Select(line => line + "\n"));
        }
        catch (IOException fault)
        {
            return fault.Message + "\n";
        }
    }
}
