using Flatcar.Tests.Guest;

namespace Flatcar.Tests.Boot;

/// <summary>The two steps of cl.basic that are about coreos-cloudinit.</summary>
internal static class CloudInitSteps
{
    private const string Program = "/usr/bin/coreos-cloudinit";
    private const string Keys = "/home/core/.ssh/authorized_keys";

    internal static async Task ConfigIsAppliedAsync(Machine machine)
    {
        await SkipWithoutProgramAsync(machine);
        string config = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Boot", "cloud-config.yaml"));
        await machine.WriteFileAsync("/var/tmp/kola/cloud-config", config);
        await machine.RunAsync($"sudo {Program} --workspace /var/tmp/kola/config --from-file /var/tmp/kola/cloud-config --ssh-key-name coretest");

        Assert.That(
            await machine.ReadFileAsync("/run/systemd/system/etcd.service.d/20-cloudinit.conf"),
            Does.Contain("Environment=\"ETCD_DISCOVERY=https://discovery.etcd.io/827c73219eeb2fa5530027c37bf18877\""));
        Assert.That(await machine.ReadFileAsync(Keys), Does.Contain("coretest-1").And.Contain("coretest-2"));
        await machine.RunAsync("update-ssh-keys -d coretest");
        Assert.That(await machine.ReadFileAsync(Keys), Does.Not.Contain("coretest-1"), "update-ssh-keys takes the keys away again");
    }

    internal static async Task ScriptIsRunAsync(Machine machine)
    {
        await SkipWithoutProgramAsync(machine);
        // The peer's script lives for 10 s and must be seen in that time; this one lives until it is stopped.
        await machine.WriteFileAsync("/var/tmp/kola/script-config", "#!/bin/bash\ntouch /run/kola-script\nexec sleep infinity\n");
        await machine.RunAsync($"sudo {Program} --workspace /var/tmp/kola/script --from-file /var/tmp/kola/script-config --ssh-key-name coretest");
        string unit = (await machine.ReadFileAsync("/var/tmp/kola/script/scripts/unit-name")).Trim();
        await machine.WaitForAsync("the script to run", () => machine.TryRunAsync("test -e /run/kola-script"), seen => seen.ExitCode == 0);
        Assert.That((await machine.UnitAsync(unit)).Active, Is.EqualTo("active"));
        await machine.RunAsync($"sudo systemctl stop {unit}");
    }

    private static async Task SkipWithoutProgramAsync(Machine machine)
    {
        if (await machine.IsReferenceWithoutAsync(Program))
            Lab.Skip("the reference image has no coreos-cloudinit", "Run it on a Flatcar release: --image FILE.");
    }
}
