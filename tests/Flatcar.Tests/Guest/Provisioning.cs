namespace Flatcar.Tests.Guest;

/// <summary>Ignition once more.</summary>
public static class Provisioning
{
    extension(Machine machine)
    {
        /// <summary>Has the next boot count as the first one, and boots: Ignition applies the machine's config again.</summary>
        public async Task ProvisionAgainAsync()
        {
            await machine.RunAsync("sudo touch /boot/flatcar/first_boot && sudo sync");
            await machine.RebootAsync();
            await machine.RunAsync("sudo test ! -e /boot/flatcar/first_boot");
        }
    }
}
