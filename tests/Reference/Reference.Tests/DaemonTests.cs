using System.Diagnostics;
using Flatcar.Reference.UpdateEngine;
using NUnit.Framework;
using Tmds.DBus.Protocol;

namespace Flatcar.Reference.Tests;

/// <summary>The update client's daemon, on a bus of its own.</summary>
[NonParallelizable] // A process knows one system bus.
public sealed class DaemonTests
{
    private const string Bus = "DBUS_SYSTEM_BUS_ADDRESS";

    private string root = "";
    private Process? bus;

    [SetUp]
    public void StartBus()
    {
        root = Directory.CreateTempSubdirectory("update-daemon-").FullName;
        try
        {
            var start = new ProcessStartInfo("dbus-daemon", ["--session", "--nofork", "--print-address=1", $"--address=unix:path={root}/bus"]) { RedirectStandardOutput = true };
            bus = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.That(Environment.GetEnvironmentVariable("CI"), Is.Not.EqualTo("true"), "no dbus-daemon");
            Assert.Ignore("no dbus-daemon: apt-get install dbus-daemon");
        }
        Environment.SetEnvironmentVariable(Bus, bus!.StandardOutput.ReadLine());
    }

    [TearDown]
    public void EndBus()
    {
        Environment.SetEnvironmentVariable(Bus, null);
        bus?.Kill();
        bus?.Dispose();
        Directory.Delete(root, recursive: true);
    }

    // Once, an answer that was written while a signal was on its way shared its buffer with it, and whoever had asked waited for ever.
    [Test]
    public async Task Every_question_is_answered_while_the_state_changes_and_is_told()
    {
        // No timers. That its state is reset is told to everybody each time.
        Directory.CreateDirectory(Path.Combine(root, "root"));
        Directory.CreateDirectory(Path.Combine(root, "run"));
        File.WriteAllText(Path.Combine(root, "root/.dev_mode"), "");
        var daemon = Daemon.RunAsync(new Places(root));

        using var told = new DBusConnection(DBusAddress.System!);
        await told.ConnectAsync();
        var signals = 0;
        await told.WatchSignalAsync<long>(Daemon.Service, Daemon.ObjectPath, Daemon.Interface, "StatusUpdate", (message, _) => message.GetBodyReader().ReadInt64(), _ => Interlocked.Increment(ref signals), ObserverFlags.None, false, null);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => AskAsync(1500)));

        Assert.That(answers, Has.All.EqualTo(1500));
        Assert.That(signals, Is.GreaterThan(1000), "what the answers had to compete with");
        Assert.That(daemon.IsCompleted, Is.False, "its connection holds");
    }

    private static async Task<int> AskAsync(int count)
    {
        using var asking = new DBusConnection(DBusAddress.System!);
        await asking.ConnectAsync();
        for (var i = 0; i < count; i++)
        {
            if (i % 5 == 0)
                await asking.CallMethodAsync(Call(asking, "ResetStatus")).WaitAsync(TimeSpan.FromSeconds(30));
            var operation = await asking.CallMethodAsync(Call(asking, "GetStatus"), (message, _) => Operation(message)).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.That(operation, Does.StartWith("UPDATE_STATUS_"));
        }
        return count;
    }

    private static string Operation(Message message)
    {
        var reader = message.GetBodyReader();
        reader.ReadInt64();
        reader.ReadDouble();
        return reader.ReadString();
    }

    private static MessageBuffer Call(DBusConnection bus, string member)
    {
        using var writer = bus.GetMessageWriter();
        writer.WriteMethodCallHeader(Daemon.Service, Daemon.ObjectPath, Daemon.Interface, member);
        return writer.CreateMessage();
    }
}
