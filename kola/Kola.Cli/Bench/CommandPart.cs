using System.ComponentModel;
using System.Diagnostics;

namespace Kola.Cli.Bench;

/// <summary>A trivial command on one machine, by kola and by OpenSSH over a connection it keeps open, by turns.</summary>
internal static class CommandPart
{
    internal const string Name = "commands";

    private const double MostOfOpenSsh = 1.5;

    /// <summary>Both ways kola has into a copy: its first connection, and any later one.</summary>
    internal static async Task<IReadOnlyList<Figure>> MeasureAsync(BenchLab lab, int count)
    {
        await using BenchMachine machine = await lab.CloneAsync();
        await lab.WakeAsync(machine);
        await using OpenSshMaster peer = await OpenSshMaster.StartAsync(machine, lab.Directory, lab.Time, lab.Cancel);
        IReadOnlyList<Figure> first = await CompareAsync(lab, machine, peer, count, "a copy's first connection");
        await machine.Machine.DisconnectAsync();
        return [.. first, .. await CompareAsync(lab, machine, peer, count, "a connection by the network")];
    }

    private static async Task<IReadOnlyList<Figure>> CompareAsync(BenchLab lab, BenchMachine machine, OpenSshMaster peer, int count, string way)
    {
        // The first of each is not counted: a connection is made, code is compiled.
        await machine.Machine.RunAsync("true");
        await peer.RunAsync("true", lab.Cancel);
        List<TimeSpan> own = [], theirs = [];
        for (int i = 0; i < count; i++)
        {
            own.Add(await TimeAsync(lab.Time, () => machine.Machine.RunAsync("true")));
            theirs.Add(await TimeAsync(lab.Time, () => peer.RunAsync("true", lab.Cancel)));
        }

        Figure kola = Figure.Seconds(Name, $"round trip of `true`: kola, {way}", own);
        Figure openSsh = Figure.Seconds(Name, "round trip of `true`: OpenSSH, ControlMaster", theirs, note: "by turns with the line above");
        return [kola, openSsh, Figure.Ratio(Name, $"kola / OpenSSH ControlMaster, {way}", [kola.Median / openSsh.Median], MostOfOpenSsh, "of the medians")];
    }

    private static async Task<TimeSpan> TimeAsync(TimeProvider time, Func<Task> act)
    {
        long start = time.GetTimestamp();
        await act();
        return time.GetElapsedTime(start);
    }
}

/// <summary>OpenSSH's client with a connection that is kept open. It ends with this, and with its machine.</summary>
internal sealed class OpenSshMaster : IAsyncDisposable
{
    private readonly string _socket;
    private readonly string _keyFile;
    private readonly Process _master;

    private OpenSshMaster(string socket, string keyFile, Process master) => (_socket, _keyFile, _master) = (socket, keyFile, master);

    /// <summary>Logs in.</summary>
    /// <exception cref="PlatformException">There is no ssh here, or it does not get in.</exception>
    internal static async Task<OpenSshMaster> StartAsync(BenchMachine machine, string directory, TimeProvider time, CancellationToken cancel)
    {
        string socket = Path.Combine(directory, "ssh"), keyFile = Path.Combine(directory, "id_ed25519");
        await machine.Identity.WriteAsync(keyFile, cancel);
        string[] address = machine.Instance.Address.Split(':');
        string[] arguments =
        [
            "-M", "-N", "-S", socket, "-F", "/dev/null", "-i", keyFile, "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
            "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ControlPersist=no", "-p", address[^1], $"{machine.Machine.Spec.User}@{address[0]}",
        ];
        var master = new OpenSshMaster(socket, keyFile, Start(arguments));
        try
        {
            while (!File.Exists(socket))
            {
                if (master._master.HasExited)
                    throw new PlatformException(Signal.Host, $"ssh did not get into the machine: {(await master._master.StandardError.ReadToEndAsync(cancel)).Trim()}");
                await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancel);
            }

            return master;
        }
        catch
        {
            await master.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command over the open connection, as a person's script would: a process of ssh each time.</summary>
    internal async Task RunAsync(string command, CancellationToken cancel)
    {
        using Process ssh = Start(["-F", "/dev/null", "-S", _socket, "kola", command]);
        await ssh.WaitForExitAsync(cancel);
        if (ssh.ExitCode != 0)
            throw new PlatformException(Signal.Host, $"ssh: `{command}` ended with exit code {ssh.ExitCode}: {(await ssh.StandardError.ReadToEndAsync(cancel)).Trim()}");
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _master.Kill();
            await _master.WaitForExitAsync(CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            // It has ended.
        }

        _master.Dispose();
        File.Delete(_keyFile);
        File.Delete(_socket);
    }

    // Not through CliWrap: pipes that are pumped would count as OpenSSH's time.
    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("ssh", arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true })!;
        }
        catch (Win32Exception fault)
        {
            throw new PlatformException(Signal.Host, $"ssh cannot be started: {fault.Message}\n  next:    apt-get install openssh-client", fault);
        }
    }
}
