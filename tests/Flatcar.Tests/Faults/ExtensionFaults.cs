namespace Flatcar.Tests.Faults;

/// <summary>What may be wrong with extensions, updates and what tells one release from another.</summary>
public static class ExtensionFaults
{
    [Fault("sysext.foreign", "an extension nobody asked for lies over /usr", Near = ["sysext.*", "cl.basic", "cl.verity", "cl.filesystem", "core.*"])]
    public static Task A_foreign_extension_is_merged(Machine machine) => machine.BreakAsync(
        "root=/var/lib/extensions/foreign; mkdir -p $root/usr/lib/extension-release.d $root/usr/share/foreign; echo ID=_any >$root/usr/lib/extension-release.d/extension-release.foreign; systemd-sysext refresh",
        "test -d /usr/share/foreign");

    [Fault("sysext.no-merge", "extensions are not merged", Near = ["sysext.*"])]
    public static Task Extensions_are_not_merged(Machine machine) =>
        machine.BreakAsync("mount --bind /bin/true $(command -v systemd-sysext)", "! systemd-sysext status | grep -q HIERARCHY");

    [Fault("update.engine-stopped", "update-engine is masked", Near = ["cl.basic", "core.*"])]
    public static Task Nobody_updates(Machine machine) => machine.StopForGoodAsync("update-engine.service");

    [Fault("update.key-foreign", "updates of somebody else are taken", Near = ["cl.basic", "security.*"])]
    public static Task The_update_key_is_another(Machine machine) => machine.CoverAsync(
        "/usr/share/update_engine/update-payload-key.pub.pem", "a foreign key", "grep -q foreign /usr/share/update_engine/update-payload-key.pub.pem");

    [Fault("core.os-release-foreign", "the image takes itself for another system", Near = ["cl.basic", "core.*"])]
    public static Task The_system_is_another(Machine machine) =>
        machine.BreakAsync("rm /etc/os-release; printf 'ID=other\\nVERSION=1\\n' >/etc/os-release", "grep -q ID=other /etc/os-release");

    [Fault("core.old-names-lost", "what was called coreos is not found under that name", Near = ["cl.basic", "core.*"])]
    public static Task Old_names_lead_nowhere(Machine machine) => machine.BreakAsync("rm /etc/coreos", "test ! -e /etc/coreos");

    [Fault("core.disk-id-shared", "the disk has the id images are shipped with", Near = ["cl.basic", "storage.*"])]
    public static Task The_disk_has_no_id_of_its_own(Machine machine) => machine.BreakAsync(
        "sgdisk --disk-guid=00000000-0000-0000-0000-000000000001 $(rootdev -s -d /) >/dev/null", "blkid --probe --output value --match-tag PTUUID $(rootdev -s -d /) | grep -q '^00000000-.*1$'");
}
