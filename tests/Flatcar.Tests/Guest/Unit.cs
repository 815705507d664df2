namespace Flatcar.Tests.Guest;

/// <summary>A unit as <c>systemctl show</c> gives it. What its kind of unit does not have is empty or 0.</summary>
public sealed record Unit
{
    /// <summary><c>active</c>, <c>inactive</c>, <c>failed</c>, …</summary>
    public required string Active { get; init; }

    /// <summary><c>running</c>, <c>exited</c>, <c>waiting</c>, …</summary>
    public required string Sub { get; init; }

    /// <summary><c>enabled</c>, <c>static</c>, …</summary>
    public required string File { get; init; }

    /// <summary><c>success</c>, <c>exit-code</c>, <c>oom-kill</c>, …</summary>
    public required string Result { get; init; }

    public required int MainPid { get; init; }

    public required int Restarts { get; init; }

    /// <summary>Changes with every start.</summary>
    public required string Invocation { get; init; }

    // ActiveState=active
    internal static Unit Parse(IEnumerable<string> lines)
    {
        Dictionary<string, string> shown = lines.Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
        string Text(string key) => shown.GetValueOrDefault(key, "");
        return new Unit
        {
            Active = Text("ActiveState"),
            Sub = Text("SubState"),
            File = Text("UnitFileState"),
            Result = Text("Result"),
            MainPid = int.TryParse(Text("MainPID"), out int pid) ? pid : 0,
            Restarts = int.TryParse(Text("NRestarts"), out int restarts) ? restarts : 0,
            Invocation = Text("InvocationID"),
        };
    }
}
