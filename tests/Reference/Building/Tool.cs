using System.ComponentModel;
using CliWrap;

namespace Flatcar.Reference.Building;

/// <summary>Runs the programs of the build, and makes their failures readable.</summary>
internal static class Tool
{
    private const int TailLines = 12;

    /// <summary>Runs a program and returns what it wrote to its standard output.</summary>
    /// <exception cref="ReferenceBuildException">It ended with another code than 0; its last lines are in the message.</exception>
    /// <exception cref="IOException">The disk is full, as the program said.</exception>
    public static Task<string> RunAsync(IReadOnlyList<string> command, string? directory, CancellationToken cancel) =>
        RunAsync(command, directory, PipeSource.Null, cancel);

    /// <summary>Runs a program whose failure the caller knows the reason of.</summary>
    /// <returns>Its last lines when it ended with another code than 0, else null.</returns>
    /// <exception cref="ReferenceBuildException">It cannot be started.</exception>
    /// <exception cref="IOException">The disk is full, as the program said.</exception>
    public static async Task<string?> FailureOfAsync(IReadOnlyList<string> command, string? directory, CancellationToken cancel)
    {
        var (code, _, said) = await ExecuteAsync(command, directory, PipeSource.Null, cancel);
        return code == 0 ? null : said;
    }

    private static async Task<string> RunAsync(
        IReadOnlyList<string> command, string? directory, PipeSource input, CancellationToken cancel)
    {
        var (code, output, said) = await ExecuteAsync(command, directory, input, cancel);
        return code == 0 ? output : throw ReferenceBuildException.Of(
            $"{Name(command)} failed", "exit code 0",
            $"exit code {code}\n    {said.Replace("\n", "\n    ", StringComparison.Ordinal)}",
            "repair what it says and build again; finished parts are kept");
    }

    private static async Task<(int Code, string Output, string Said)> ExecuteAsync(
        IReadOnlyList<string> command, string? directory, PipeSource input, CancellationToken cancel)
    {
        var output = new System.Text.StringBuilder();
        var tail = new Queue<string>();
        void Remember(string line)
        {
            lock (tail)
            {
                tail.Enqueue(line);
                if (tail.Count > TailLines)
                    tail.Dequeue();
            }
        }
        int code;
        try
        {
            var result = await Cli.Wrap(command[0])
                .WithArguments(command.Skip(1))
                .WithWorkingDirectory(directory ?? "/")
                .WithEnvironmentVariables(e => e.Set("LC_ALL", "C.UTF-8").Set("DEBIAN_FRONTEND", "noninteractive").Set("TMPDIR", directory))
                .WithStandardInputPipe(input)
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(Remember))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(cancel);
            code = result.ExitCode;
        }
        catch (Win32Exception e)
        {
            throw ReferenceBuildException.Of($"{command[0]} cannot be started", "the program", e.Message, "install it", e);
        }
        var said = tail.Count > 0 ? string.Join('\n', tail) : string.Join('\n', output.ToString().Split('\n').TakeLast(TailLines));
        if (code != 0 && said.Contains("No space left on device", StringComparison.Ordinal))
            throw new IOException(said, BuildCache.NoSpaceLeft);
        return (code, output.ToString(), said.Trim());
    }

    /// <summary>
    /// Runs a program in its own mount and process namespace, so that an end by any signal leaves neither mounts nor children. The
    /// namespace lives as long as its first process, and that until the program ends or this process does: then its input ends.
    /// </summary>
    public static Task<string> RunIsolatedAsync(IReadOnlyList<string> command, string directory, CancellationToken cancel)
    {
        const string guardian = """
            exec 3<&0
            "$@" </dev/null &
            tool=$!
            ( read -r _ <&3; kill -KILL $tool ) &
            wait $tool
            """;
        return RunAsync(
            [
                "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                "/bin/sh", "-c", guardian, "sh", .. command,
            ],
            directory, PipeSource.Create((_, ended) => UntilAsync(ended)), cancel);
    }

    /// <summary>The program for a message: without the wrapping that isolates it.</summary>
    private static string Name(IReadOnlyList<string> command) =>
        string.Join(' ', command[0] == "unshare" ? command.Skip(12).Take(4) : command.Take(8)).Split('\n')[0];

    private static async Task UntilAsync(CancellationToken ended)
    {
        var never = new TaskCompletionSource();
        await using var registration = ended.Register(() => never.TrySetCanceled(ended));
        await never.Task;
    }
}
