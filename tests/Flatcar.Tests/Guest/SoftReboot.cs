namespace Flatcar.Tests.Guest;

/// <summary>Reboots of user space alone.</summary>
public static class SoftReboot
{
    extension(Machine machine)
    {
        /// <summary>Begins user space again under the running kernel, and returns when it has settled.</summary>
        public async Task SoftRebootAsync()
        {
            const string state = "systemctl show --property=SoftRebootsCount --value; systemctl is-system-running";
            string before = (await machine.TryRunAsync(state)).Lines[0];
            await machine.RunAsync("sudo systemd-run --quiet --on-active=200ms --timer-property=AccuracySec=1ms systemctl soft-reboot");
            await machine.WaitForAsync("user space to have begun again", AskAsync, seen => seen.Count == 2 && seen[0] != before && seen[1] is "running" or "degraded", TimeSpan.FromMinutes(2));

            // The connection goes with everything else: that it is lost is no answer, and no failure.
            async Task<IReadOnlyList<string>> AskAsync()
            {
                try
                {
                    return (await machine.TryRunAsync(state)).Lines;
                }
                catch (MachineException)
                {
                    return [];
                }
            }
        }
    }
}
