namespace Flatcar.Tests.Guest;

/// <summary>Units made for the moment, with the properties a test is about.</summary>
public static class TransientUnits
{
    extension(Machine machine)
    {
        /// <summary>Runs a script of bash as root in a unit of its own until it ends, and fails as it does. A lone <c>$$</c> is written <c>$$$$</c>.</summary>
        /// <param name="script">What it runs; its output is the result's.</param>
        /// <param name="properties">As of systemd.resource-control and its like: <c>MemoryMax=24M</c>.</param>
        public Task<CommandResult> RunInUnitAsync(string script, params string[] properties) => machine.RunAsync(InUnit(script, properties), s_long);

        /// <summary>As <see cref="RunInUnitAsync"/>, but its exit code is the test's to judge.</summary>
        public Task<CommandResult> TryRunInUnitAsync(string script, params string[] properties) => machine.TryRunAsync(InUnit(script, properties), s_long);

        /// <summary>Starts a script as a service and returns when it has begun.</summary>
        /// <param name="name">Name of the unit, without <c>.service</c>.</param>
        /// <param name="script">What it runs.</param>
        /// <param name="properties">As for <see cref="RunInUnitAsync"/>.</param>
        public Task<CommandResult> StartUnitAsync(string name, string script, params string[] properties) =>
            machine.RunAsync($"sudo systemd-run --quiet --unit={name} {Words(properties)} bash -c {Machine.Quote(script)}");

        /// <summary>Waits until a unit has come to its end, whatever that was.</summary>
        public Task<Unit> UnitEndedAsync(string name, TimeSpan? within = null) => machine.WaitForAsync(
            $"{name} to end", () => machine.UnitAsync(name), seen => seen.Active is "failed" or "inactive", within);

        /// <summary>Waits until a file is there, which a script makes when it is where the test wants it.</summary>
        public Task<CommandResult> FileExistsAsync(string path, TimeSpan? within = null) => machine.WaitForAsync(
            $"{path} to exist", () => machine.TryRunAsync($"sudo test -e {Machine.Quote(path)}"), seen => seen.ExitCode == 0, within ?? TimeSpan.FromSeconds(30));
    }

    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(2);

    private static string InUnit(string script, string[] properties) => $"sudo systemd-run --quiet --wait --pipe {Words(properties)} bash -c {Machine.Quote(script)}";

    private static string Words(string[] properties) => string.Join(' ', properties.Select(property => $"--property={Machine.Quote(property)}"));
}
