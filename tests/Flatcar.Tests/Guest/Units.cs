namespace Flatcar.Tests.Guest;

/// <summary>What systemd knows of its units.</summary>
public static class Units
{
    private const string Properties = "ActiveState,SubState,UnitFileState,Result,MainPID,NRestarts,InvocationID";

    extension(Machine machine)
    {
        /// <summary>The present state of a unit; also of one that is not there, whose <see cref="Unit.Active"/> is then <c>inactive</c>.</summary>
        public async Task<Unit> UnitAsync(string name)
        {
            CommandResult shown = await machine.RunAsync($"systemctl show --property={Properties} {Machine.Quote(name)}");
            return Unit.Parse(shown.Lines);
        }
    }
}
