namespace Flatcar.Tests.Guest;

/// <summary>First boots that are not the first.</summary>
public static class Provisioning
{
    /// <summary>On the boot partition; while it is there, the next boot counts as the first one.</summary>
    public const string Flag = "/boot/flatcar/first_boot";

    extension(Machine machine)
    {
        /// <summary>Sets the flag and boots: Ignition applies the machine's config again, and takes the flag away.</summary>
        public async Task ProvisionAgainAsync()
        {
            await machine.RunAsync($"sudo touch {Flag} && sudo sync");
            await machine.RebootAsync();
            await machine.RunAsync($"sudo test ! -e {Flag}");
        }
    }
}
