using System.Runtime.InteropServices;

namespace Flatcar.Reference.Init;

/// <summary>Starts programs without .NET's Process class, which brings threads and a child reaper that PID 1 has no use for.</summary>
internal static unsafe class ChildProcess
{
    private const int ReadOnly = 0, ReadWrite = 2, Create = 0x40, Append = 0x400, WriteOnly = 1;
    private const short DefaultSignals = 0x04, SignalMask = 0x08, NewSession = 0x80;

    /// <summary>Runs a program to its end, its output appended to a file. Returns the exit code; 128 + n for death by signal n.</summary>
    public static int Run(IReadOnlyList<string> command, IReadOnlyList<string> environment, string output) =>
        Await(Start(command, environment, "/dev/null", ReadOnly, output, WriteOnly | Create | Append, newSession: false));

    /// <summary>Starts a program as the leader of its own session on a terminal.</summary>
    public static int StartOnTerminal(IReadOnlyList<string> command, IReadOnlyList<string> environment, string terminal) =>
        Start(command, environment, terminal, ReadWrite, terminal, ReadWrite, newSession: true);

    public static int Await(int process)
    {
        int status;
        while (Native.WaitFor(process, out status, 0) != process)
        {
            // Interrupted by a signal.
        }
        return (status & 0x7F) == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F);
    }

    private static int Start(
        IReadOnlyList<string> command, IReadOnlyList<string> environment, string input, int inputFlags, string output, int outputFlags,
        bool newSession)
    {
        // glibc's opaque types are 80, 336 and 128 bytes on x86-64.
        var actions = (nint)NativeMemory.AllocZeroed(256);
        var attributes = (nint)NativeMemory.AllocZeroed(512);
        var signals = (nint)NativeMemory.AllocZeroed(128);
        try
        {
            new Span<byte>((void*)signals, 128).Fill(0xFF);
            _ = Native.ActionsInit(actions);
            _ = Native.ActionsOpen(actions, 0, input, inputFlags, 0);
            _ = Native.ActionsOpen(actions, 1, output, outputFlags, 0x1A4);
            _ = Native.ActionsOpen(actions, 2, output, outputFlags, 0x1A4);
            _ = Native.AttributesInit(attributes);
            _ = Native.AttributesDefaultSignals(attributes, signals);
            _ = Native.AttributesFlags(attributes, (short)(DefaultSignals | SignalMask | (newSession ? NewSession : 0)));
            var error = Native.Spawn(
                out var process, command[0], actions, attributes, Native.StringArray(command), Native.StringArray(environment));
            return error == 0 ? process : throw new BootException($"starting {command[0]}: error {error}");
        }
        finally
        {
            NativeMemory.Free((void*)actions);
            NativeMemory.Free((void*)attributes);
            NativeMemory.Free((void*)signals);
        }
    }
}
