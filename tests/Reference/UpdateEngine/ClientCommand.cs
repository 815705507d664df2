using System.Globalization;
using Tmds.DBus.Protocol;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>update_engine_client.</summary>
internal static class ClientCommand
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    // What libdbus waits for an answer, times what an emulated machine is slower by.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    public static async Task<int> RunAsync(string[] arguments)
    {
        var flags = arguments.Select(a => a.TrimStart('-')).ToHashSet();
        using var bus = new DBusConnection(DBusAddress.System!);
        await bus.ConnectAsync();
        if (flags.Contains("status"))
        {
            Log.Info("Querying Update Engine status...");
            Print(await StatusAsync(bus));
        }
        else if (flags.Contains("reset_status"))
        {
            Log.Info("Setting Update Engine status to idle ...");
            await bus.CallMethodAsync(Call(bus, "ResetStatus")).WaitAsync(Patience);
        }
        else if (flags.Contains("watch_for_updates"))
        {
            await WatchAsync(bus);
        }
        else if (flags.Contains("check_for_update") || flags.Contains("update"))
        {
            Log.Info("Initiating update check and install.");
            await bus.CallMethodAsync(Call(bus, "AttemptUpdate")).WaitAsync(Patience);
            if (flags.Contains("update"))
                return await CompleteAsync(bus);
        }
        else
        {
            Log.Error("No action specified: -status, -check_for_update, -update, -reset_status or -watch_for_updates");
            return 1;
        }
        return 0;
    }

    private static async Task<int> CompleteAsync(DBusConnection bus)
    {
        while (true)
        {
            var status = await StatusAsync(bus);
            Print(status);
            if (status.Operation is Status.Idle or Status.NeedReboot)
            {
                Log.Info(status.Operation == Status.Idle ? "No update, or it failed." : "Update succeeded -- reboot needed.");
                return 0;
            }
            await Task.Delay(LookAgain, TimeProvider.System);
        }
    }

    private static async Task WatchAsync(DBusConnection bus)
    {
        Action<Notification<Status>> print = seen =>
        {
            if (seen.HasValue)
                Print(seen.Value);
        };
        await bus.WatchSignalAsync<Status>(Daemon.Service, Daemon.ObjectPath, Daemon.Interface, "StatusUpdate", (message, _) => Read(message), print, ObserverFlags.None, false, null);
        await bus.DisconnectedAsync();
    }

    private static Task<Status> StatusAsync(DBusConnection bus) => bus.CallMethodAsync(Call(bus, "GetStatus"), (message, _) => Read(message)).WaitAsync(Patience);

    private static Status Read(Message message)
    {
        var reader = message.GetBodyReader();
        return new(reader.ReadInt64(), reader.ReadDouble(), reader.ReadString(), reader.ReadString(), reader.ReadInt64());
    }

    private static MessageBuffer Call(DBusConnection bus, string member)
    {
        using var writer = bus.GetMessageWriter();
        writer.WriteMethodCallHeader(Daemon.Service, Daemon.ObjectPath, Daemon.Interface, member);
        return writer.CreateMessage();
    }

    private static void Print(Status status) => Console.Out.Write(string.Create(CultureInfo.InvariantCulture,
        $"LAST_CHECKED_TIME={status.LastChecked}\nPROGRESS={status.Progress:F6}\nCURRENT_OP={status.Operation}\nNEW_VERSION={status.NewVersion}\nNEW_SIZE={status.NewSize}\n"));
}
