using System.Runtime.InteropServices;
using Tmds.DBus.Protocol;

namespace Flatcar.Reference.UpdateEngine;

/// <summary>The service on the system bus.</summary>
internal sealed class Daemon : IPathMethodHandler
{
    public const string Service = "com.coreos.update1", ObjectPath = "/com/coreos/update1", Interface = "com.coreos.update1.Manager",
        StatusSignature = "xdssx";

    private readonly DBusConnection bus;
    private readonly CancellationToken ending;
    private readonly Engine engine;

    private Daemon(DBusConnection bus, Places places, CancellationToken ending)
    {
        (this.bus, this.ending) = (bus, ending);
        engine = new(places, TimeProvider.System, Signal);
    }

    public string Path => ObjectPath;

    public bool HandlesChildPaths => false;

    public static async Task<int> RunAsync(Places places)
    {
        using var ending = new CancellationTokenSource();
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ending.Cancel();
        });
        using var bus = new DBusConnection(DBusAddress.System!);
        await bus.ConnectAsync();
        var daemon = new Daemon(bus, places, ending.Token);
        bus.AddMethodHandler(daemon);
        await bus.RequestNameAsync(Service, RequestNameOptions.Default);
        try
        {
            var lost = bus.DisconnectedAsync();
            var running = daemon.engine.RunAsync(ending.Token);
            if (await Task.WhenAny(lost, running) == lost)
            {
                Log.Error($"The bus is gone: {await lost}");
                return 1;
            }
            await running;
        }
        catch (OperationCanceledException)
        {
            Log.Info("Terminated.");
        }
        return 0;
    }

    public ValueTask HandleMethodAsync(MethodContext context)
    {
        switch ((context.Request.InterfaceAsString, context.Request.MemberAsString))
        {
            case (Interface or null or "", "AttemptUpdate"):
                Log.Info("Attempt update on request");
                _ = engine.Begin(interactive: true, ending);
                ReplyNothing(context);
                break;
            case (Interface or null or "", "ResetStatus"):
                if (engine.Reset())
                    ReplyNothing(context);
                else
                    context.ReplyError("org.chromium.UpdateEngine.Error.Failed", "Status Reset not allowed in this state");
                break;
            case (Interface or null or "", "GetStatus"):
                Answer(context, engine.Status);
                break;
            default:
                context.ReplyUnknownMethodError();
                break;
        }
        return default;
    }

    // Never by a copy of the writer: both would give the one buffer back, and an answer that shares it with another message is lost.
    private static void Answer(MethodContext context, Status status)
    {
        var writer = context.CreateReplyWriter(StatusSignature);
        try
        {
            Write(ref writer, status);
            context.Reply(writer.CreateMessage());
        }
        finally
        {
            writer.Dispose();
        }
    }

    private static void ReplyNothing(MethodContext context)
    {
        using var writer = context.CreateReplyWriter(null!);
        context.Reply(writer.CreateMessage());
    }

    private static void Write(ref MessageWriter writer, Status status)
    {
        writer.WriteInt64(status.LastChecked);
        writer.WriteDouble(status.Progress);
        writer.WriteString(status.Operation);
        writer.WriteString(status.NewVersion);
        writer.WriteInt64(status.NewSize);
    }

    private void Signal(Status status)
    {
        var writer = bus.GetMessageWriter();
        writer.WriteSignalHeader(path: ObjectPath, @interface: Interface, member: "StatusUpdate", signature: StatusSignature);
        Write(ref writer, status);
        bus.TrySendMessage(writer.CreateMessage());
        writer.Dispose();
    }
}
