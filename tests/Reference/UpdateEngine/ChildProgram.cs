using System.Diagnostics;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>Programs of the machine.</summary>
internal static class ChildProgram
{
    /// <summary>Runs one to its end, its output in the journal; the exit code.</summary>
    public static async Task<int> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false };
        using var process = Process.Start(start) ?? throw new IOException($"{program} does not start");
        await process.WaitForExitAsync(cancel);
        return process.ExitCode;
    }
}
