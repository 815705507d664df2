namespace Flatcar.Tests.Guest;

/// <summary>First boots that are not the first.</summary>
public static class Provisioning
{
    /// <summary>On the boot partition; while it is there, the next boot runs Ignition.</summary>
    public const string Flag = "/boot/flatcar/first_boot";

    extension(Machine machine)
    {
        /// <summary>Sets the flag and reboots: Ignition runs again, with the config the machine was given.</summary>
        public async Task ProvisionAgainAsync()
        {
            await machine.RunAsync($"sudo touch {Flag} && sync");
            await machine.RebootAsync();
        }
    }
}
