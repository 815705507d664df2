using System.Diagnostics;

namespace Kola.Platforms.Tests;

/// <summary>Another process that shares files with the test until it is killed, without a chance to clean up.</summary>
internal sealed class ChildOfTest : IAsyncDisposable
{
    private readonly Process _process;

    private ChildOfTest(Process process) => _process = process;

    /// <summary>Starts this assembly's program and returns when it has said its first line.</summary>
    public static async Task<ChildOfTest> StartAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments]) { RedirectStandardOutput = true };
        var child = new ChildOfTest(Process.Start(start)!);
        if (await child._process.StandardOutput.ReadLineAsync() is { } line)
        {
            child.Said = line;
            return child;
        }

        await child.DisposeAsync();
        throw new InvalidOperationException($"{string.Join(' ', arguments)}: the process ended without a word");
    }

    /// <summary>Its first line.</summary>
    public string Said { get; private set; } = "";

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
