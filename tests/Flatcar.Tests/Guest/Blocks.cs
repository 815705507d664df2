namespace Flatcar.Tests.Guest;

/// <summary>The block devices below a mount.</summary>
public static class Blocks
{
    extension(Machine machine)
    {
        /// <summary>What kind of device is mounted on a path, as lsblk names it: <c>part</c>, <c>crypt</c>, <c>raid1</c>, …</summary>
        public async Task<string> DeviceTypeAsync(string path) =>
            (await machine.RunAsync($"lsblk --noheadings --nodeps --output TYPE $(findmnt -vno SOURCE {Machine.Quote(path)} | tail -n 1)")).Text.Trim();
    }
}
