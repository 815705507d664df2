namespace Flatcar.Tests.Guest;

/// <summary>File systems on disks beside the boot disk, mounted by units as people do it.</summary>
public static class Volumes
{
    extension(Machine machine)
    {
        /// <summary>Mounts a device by a mount unit of its own, under <c>/mnt/NAME</c>.</summary>
        /// <returns>Where.</returns>
        public async Task<string> MountByUnitAsync(string name, string device, string type, string options = "defaults", bool atBoot = false)
        {
            await machine.WriteFileAsync($"/etc/systemd/system/mnt-{name}.mount", $"""
                [Mount]
                What={device}
                Where=/mnt/{name}
                Type={type}
                Options={options}

                [Install]
                WantedBy=multi-user.target

                """);
            await machine.SudoAsync($"systemctl daemon-reload && systemctl {(atBoot ? "enable --now" : "start")} mnt-{name}.mount");
            return $"/mnt/{name}";
        }

        /// <summary>Writes a file of random bytes and has it on disk when it returns.</summary>
        /// <returns>Its digest, for <see cref="DigestAsync"/>.</returns>
        public async Task<string> WriteRandomAsync(string file, int mebibytes) =>
            (await machine.SudoAsync($"set -o pipefail; head -c {mebibytes}M /dev/urandom | tee {file} | sha256sum && sync -f {file}")).Text.Split(' ')[0];

        /// <summary>The digest of a file as the disks have it, not as the page cache remembers it.</summary>
        public async Task<string> DigestAsync(string file) =>
            (await machine.SudoAsync($"sync; echo 3 >/proc/sys/vm/drop_caches; sha256sum <{file}")).Text.Split(' ')[0];

        /// <summary>Writes into a directory until there is no room, and fails where something else ends it.</summary>
        public async Task FillAsync(string directory)
        {
            CommandResult full = await machine.TryRunAsync($"sudo dd if=/dev/zero of={directory}/filler bs=1M status=none");
            Assert.That(full.Error, Does.Contain("No space left on device"), $"what ended the writing into {directory}");
        }

        /// <summary>Flips all bits of one byte of a device, past whoever keeps something on it.</summary>
        public Task FlipByteAsync(string device, long offset) => machine.SudoAsync($$"""
            set -e
            byte=$(dd if={{device}} bs=1 skip={{offset}} count=1 status=none | od -An -tu1)
            printf "\\x$(printf %02x $((byte ^ 255)))" | dd of={{device}} bs=1 seek={{offset}} conv=notrunc,fsync status=none
            """);

        /// <summary>Where a text begins on a device, in bytes from its start; the first of several places.</summary>
        public async Task<long> OffsetOfAsync(string device, string text) => long.Parse(
            (await machine.SudoAsync($"echo 3 >/proc/sys/vm/drop_caches; grep -abo -m 1 {Machine.Quote(text)} {device} | head -n 1 | cut -d: -f1")).Text);
    }
}

/// <summary>The two empty disks the tests of this suite share: one shape, so one template.</summary>
public static class Spare
{
    public const string DiskOne = "512:one";
    public const string DiskTwo = "512:two";
    public const string One = "/dev/disk/by-id/virtio-one";
    public const string Two = "/dev/disk/by-id/virtio-two";
}
