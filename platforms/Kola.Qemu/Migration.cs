using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Kola.Qemu;

/// <summary>
/// Saving a stopped guest's devices to a file and loading them again: QEMU's migration, with the memory left where it is. The bytes go
/// through a socket of kola's, so that it is known when they have all come.
/// </summary>
internal static class Migration
{
    /// <summary>Writes the state of a stopped guest.</summary>
    /// <param name="qmp">Its control channel.</param>
    /// <param name="file">Is made.</param>
    /// <param name="socket">Path for the socket, at most 107 bytes; made and removed.</param>
    /// <param name="cancel">Ends it.</param>
    /// <exception cref="PlatformException">QEMU could not, or there is no room for the file.</exception>
    public static async Task SaveAsync(this Qmp qmp, string file, string socket, CancellationToken cancel)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(socket));
        try
        {
            listener.Listen(1);
            Task changed = await BeginAsync(qmp, "migrate", socket, cancel);
            using Socket accepted = await listener.AcceptAsync(cancel);
            await using var stream = new NetworkStream(accepted);
            await using (var state = new FileStream(file, FileMode.CreateNew, FileAccess.Write))
            {
                await stream.CopyToAsync(state, cancel);
                state.Flush(flushToDisk: true);
            }

            await FinishAsync(qmp, "save", changed, cancel);
        }
        catch (IOException problem)
        {
            throw new PlatformException(Signal.Template, $"the machine's state could not be written to {file}: {problem.Message}", problem);
        }
        finally
        {
            File.Delete(socket);
        }
    }

    /// <summary>Loads it into a guest that waits for it.</summary>
    /// <inheritdoc cref="SaveAsync" path="/param"/>
    /// <exception cref="PlatformException">QEMU could not: the file is not whole, or of another machine.</exception>
    public static async Task LoadAsync(this Qmp qmp, string file, string socket, CancellationToken cancel)
    {
        Task changed = await BeginAsync(qmp, "migrate-incoming", socket, cancel);
        using var connected = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connected.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
            await using var stream = new NetworkStream(connected);
            await using (FileStream state = File.OpenRead(file))
                await state.CopyToAsync(stream, cancel);
            connected.Shutdown(SocketShutdown.Send);
        }
        catch (Exception problem) when (problem is IOException or SocketException)
        {
            // QEMU has its own words for it, and they are the better ones.
            await FinishAsync(qmp, "load", changed, cancel);
            throw new PlatformException(Signal.Template, $"QEMU did not take the machine's state from {file}: {problem.Message}", problem);
        }

        await FinishAsync(qmp, "load", changed, cancel);
    }

    private static async Task<Task> BeginAsync(Qmp qmp, string command, string socket, CancellationToken cancel)
    {
        var capabilities = new JsonArray(Capability("x-ignore-shared"), Capability("events"));
        await qmp.ExecuteAsync("migrate-set-capabilities", new JsonObject { ["capabilities"] = capabilities }, cancel);
        Task changed = qmp.NextAsync("MIGRATION");
        await qmp.ExecuteAsync(command, new JsonObject { ["uri"] = $"unix:{socket}" }, cancel);
        return changed;
    }

    private static async Task FinishAsync(Qmp qmp, string verb, Task changed, CancellationToken cancel)
    {
        while (true)
        {
            JsonNode? state = await qmp.ExecuteAsync("query-migrate", null, cancel);
            switch (state?["status"]?.GetValue<string>())
            {
                case "completed":
                    return;
                case "failed" or "cancelled":
                    throw new PlatformException(Signal.Template, $"QEMU did not {verb} the machine's state\n  got:     {state["error-desc"]?.GetValue<string>() ?? "no reason given"}");
            }

            await WhenChangedAsync(changed, cancel);
            changed = qmp.NextAsync("MIGRATION");
        }
    }

    private static async Task WhenChangedAsync(Task changed, CancellationToken cancel)
    {
        try
        {
            await changed.WaitAsync(cancel);
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new PlatformException(Signal.Template, "QEMU ended while a machine's state was saved or loaded");
        }
    }

    private static JsonObject Capability(string name) => new() { ["capability"] = name, ["state"] = true };
}
