using static Kola.Ignition.ValueShape;

namespace Kola.Ignition;

/// <summary>
/// What each version of Butane takes: the keys of base/v0_1 to v0_5 and of what fcos adds to them. <c>key@3</c> is there since schema 3. A key of
/// Ignition is the same in camelCase; keys Ignition does not have are sugar.
/// </summary>
internal static class ButaneShapes
{
    /// <summary>Of a whole config.</summary>
    internal static ValueShape Of(ButaneSpec spec)
    {
        int schema = spec.Schema;
        List<(string, ValueShape)> parts =
        [
            ("ignition", Ignition(schema)),
            ("kernel_arguments@4", Object("KernelArguments", schema, texts: "should_exist should_not_exist")),
            ("passwd", Passwd(schema)),
            ("storage", Storage(schema)),
            ("systemd", Object("Systemd", schema, parts: [("units", List(Unit(schema)))])),
        ];
        if (spec.BootDevice)
            parts.Add(("boot_device", BootDevice(schema)));
        if (spec.Grub)
            parts.Add(("grub", Object("Grub", schema, parts: [("users", List(Object("GrubUser", schema, text: "name password_hash")))])));
        return Object("Config", schema, text: "variant version", parts: [.. parts]);
    }

    private static ValueShape Ignition(int schema)
    {
        ValueShape remote = schema == 1 ? Object("ConfigReference", schema, text: "source", parts: [("verification", Verification(schema))]) : Resource(schema);
        return Object("Ignition", schema, parts:
        [
            ("config", Object("IgnitionConfig", schema, parts: [("merge", List(remote)), ("replace", remote)])),
            ("proxy@2", Object("Proxy", schema, text: "http_proxy https_proxy", texts: "no_proxy")),
            ("security", Object("Security", schema, parts: [("tls", Object("TLS", schema, parts: [("certificate_authorities", List(remote))]))])),
            ("timeouts", Object("Timeouts", schema, number: "http_response_headers http_total")),
        ]);
    }

    private static ValueShape Passwd(int schema) => Object("Passwd", schema, parts:
    [
        ("groups", List(Object("PasswdGroup", schema, text: "name password_hash", truth: "should_exist@3 system", number: "gid"))),
        ("users", List(Object(
            "PasswdUser",
            schema,
            text: "name gecos home_dir password_hash primary_group shell",
            truth: "no_create_home no_log_init no_user_group should_exist@3 system",
            number: "uid",
            texts: "groups ssh_authorized_keys ssh_authorized_keys_local@5"))),
    ]);

    private static ValueShape Storage(int schema)
    {
        ValueShape owner = Object("Owner", schema, text: "name", number: "id");
        (string, ValueShape)[] owned = [("user", owner), ("group", owner)];
        return Object("Storage", schema, parts:
        [
            ("directories", List(Object("Directory", schema, text: "path", truth: "overwrite", number: "mode", parts: owned))),
            ("disks", List(Disk(schema))),
            ("files", List(Object("File", schema, text: "path", truth: "overwrite", number: "mode", parts: [.. owned, ("contents", Resource(schema)), ("append", List(Resource(schema)))]))),
            ("filesystems", List(Object(
                "Filesystem",
                schema,
                text: "device format label path uuid",
                truth: "wipe_filesystem with_mount_unit@2",
                texts: "options mount_options@2"))),
            ("links", List(Object("Link", schema, text: "path target", truth: "hard overwrite", parts: owned))),
            ("luks@3", List(Luks(schema))),
            ("raid", List(Object("Raid", schema, text: "name level", number: "spares", texts: "devices options"))),
            ("trees@2", List(Object("Tree", schema, text: "local path"))),
        ]);
    }

    private static ValueShape Disk(int schema) => Object("Disk", schema, text: "device", truth: "wipe_table", parts:
    [
        ("partitions", List(Object(
            "Partition",
            schema,
            text: "guid label type_guid",
            truth: "resize@3 should_exist wipe_partition_entry",
            number: "number size_mib start_mib"))),
    ]);

    private static ValueShape Luks(int schema) => Object(
        "Luks",
        schema,
        text: "device label name uuid",
        truth: "discard@5 wipe_volume",
        texts: "options open_options@5",
        parts:
        [
            ("key_file", Resource(schema)),
            ("clevis", Object("Clevis", schema, truth: "tpm2", number: "threshold", parts:
            [
                ("tang", List(Tang(schema))),
                ("custom", Object("ClevisCustom", schema, text: "config pin", truth: "needs_network")),
            ])),
        ]);

    private static ValueShape BootDevice(int schema) => Object("BootDevice", schema, text: "layout", parts:
    [
        ("luks", Object("BootDeviceLuks", schema, truth: "tpm2 discard@5", number: "threshold", parts: [("tang", List(Tang(schema)))])),
        ("mirror", Object("BootDeviceMirror", schema, texts: "devices")),
    ]);

    private static ValueShape Tang(int schema) => Object("Tang", schema, text: "url thumbprint advertisement@5");

    private static ValueShape Unit(int schema) => Object("Unit", schema, text: "name contents contents_local@5", truth: "enabled mask", parts:
    [
        ("dropins", List(Object("Dropin", schema, text: "name contents contents_local@5"))),
    ]);

    private static ValueShape Resource(int schema) => Object("Resource", schema, text: "source inline local@2 compression", parts:
    [
        ("http_headers@2", List(Object("HTTPHeader", schema, text: "name value"))),
        ("verification", Verification(schema)),
    ]);

    private static ValueShape Verification(int schema) => Object("Verification", schema, text: "hash");
}
