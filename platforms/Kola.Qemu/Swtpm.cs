namespace Kola.Qemu;

/// <summary>A TPM 2.0 for one machine: one swtpm process, ended with its machine.</summary>
internal static class Swtpm
{
    private static readonly TimeSpan s_startTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Starts it and returns when its socket is there for QEMU to connect to.</summary>
    /// <param name="state">Directory of the TPM's state; made if missing, and what makes it the same TPM after a power cycle.</param>
    /// <param name="socket">Path of the control socket, at most 107 bytes.</param>
    /// <param name="cancel">Ends the start.</param>
    /// <exception cref="PlatformException">It ended or made no socket within 10 seconds.</exception>
    public static async Task<ChildProcess> StartAsync(string state, string socket, CancellationToken cancel)
    {
        Directory.CreateDirectory(state);
        File.Delete(socket);
        string[] arguments = ["socket", "--tpm2", "--tpmstate", $"dir={state}", "--ctrl", $"type=unixio,path={socket}", "--terminate"];
        ChildProcess swtpm = await ChildProcess.StartAsync("swtpm", arguments, Path.GetDirectoryName(socket)!);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(s_startTime);
            while (!File.Exists(socket) && !swtpm.Exited.IsCompleted && !limit.IsCancellationRequested)
                await Task.WhenAny(swtpm.Exited, Task.Delay(s_poll, TimeProvider.System, CancellationToken.None));
            cancel.ThrowIfCancellationRequested();
            if (!File.Exists(socket))
                throw new PlatformException(Signal.Host, $"qemu: swtpm made no socket\n  wanted:  {socket} within {s_startTime.TotalSeconds:0} s\n  got:     {await StateOfAsync(swtpm)}");
            return swtpm;
        }
        catch
        {
            await swtpm.DisposeAsync();
            throw;
        }
    }

    private static async Task<string> StateOfAsync(ChildProcess swtpm) =>
        swtpm.Exited.IsCompleted ? ChildProcess.Describe(await swtpm.Exited, swtpm.Words) : "a process that runs and says nothing";
}
