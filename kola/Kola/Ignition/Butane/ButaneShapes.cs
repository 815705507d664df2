using System.Globalization;

namespace Kola.Ignition;

/// <summary>
/// What each version of Butane takes: the keys of base/v0_1 to v0_5 and of what fcos adds to them. <c>key@3</c> is there since schema 3. A key of
/// Ignition is the same in camelCase; keys Ignition does not have are sugar.
/// </summary>
internal static class ButaneShapes
{
    private static readonly ButaneShape s_text = new(ButaneKind.Text);
    private static readonly ButaneShape s_number = new(ButaneKind.Number);
    private static readonly ButaneShape s_truth = new(ButaneKind.Truth);

    /// <summary>Of a whole config.</summary>
    internal static ButaneShape Of(ButaneSpec spec)
    {
        int schema = spec.Schema;
        List<(string, ButaneShape)> parts =
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

    private static ButaneShape Ignition(int schema)
    {
        ButaneShape remote = schema == 1 ? Object("ConfigReference", schema, text: "source", parts: [("verification", Verification(schema))]) : Resource(schema);
        return Object("Ignition", schema, parts:
        [
            ("config", Object("IgnitionConfig", schema, parts: [("merge", List(remote)), ("replace", remote)])),
            ("proxy@2", Object("Proxy", schema, text: "http_proxy https_proxy", texts: "no_proxy")),
            ("security", Object("Security", schema, parts: [("tls", Object("TLS", schema, parts: [("certificate_authorities", List(remote))]))])),
            ("timeouts", Object("Timeouts", schema, number: "http_response_headers http_total")),
        ]);
    }

    private static ButaneShape Passwd(int schema) => Object("Passwd", schema, parts:
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

    private static ButaneShape Storage(int schema)
    {
        ButaneShape owner = Object("Owner", schema, text: "name", number: "id");
        (string, ButaneShape)[] owned = [("user", owner), ("group", owner)];
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

    private static ButaneShape Disk(int schema) => Object("Disk", schema, text: "device", truth: "wipe_table", parts:
    [
        ("partitions", List(Object(
            "Partition",
            schema,
            text: "guid label type_guid",
            truth: "resize@3 should_exist wipe_partition_entry",
            number: "number size_mib start_mib"))),
    ]);

    private static ButaneShape Luks(int schema) => Object(
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

    private static ButaneShape BootDevice(int schema) => Object("BootDevice", schema, text: "layout", parts:
    [
        ("luks", Object("BootDeviceLuks", schema, truth: "tpm2 discard@5", number: "threshold", parts: [("tang", List(Tang(schema)))])),
        ("mirror", Object("BootDeviceMirror", schema, texts: "devices")),
    ]);

    private static ButaneShape Tang(int schema) => Object("Tang", schema, text: "url thumbprint advertisement@5");

    private static ButaneShape Unit(int schema) => Object("Unit", schema, text: "name contents contents_local@5", truth: "enabled mask", parts:
    [
        ("dropins", List(Object("Dropin", schema, text: "name contents contents_local@5"))),
    ]);

    private static ButaneShape Resource(int schema) => Object("Resource", schema, text: "source inline local@2 compression", parts:
    [
        ("http_headers@2", List(Object("HTTPHeader", schema, text: "name value"))),
        ("verification", Verification(schema)),
    ]);

    private static ButaneShape Verification(int schema) => Object("Verification", schema, text: "hash");

    private static ButaneShape List(ButaneShape item) => new(ButaneKind.List) { Item = item };

    private static ButaneShape Object(string name, int schema, string text = "", string truth = "", string number = "", string texts = "", (string Key, ButaneShape Shape)[]? parts = null)
    {
        IEnumerable<(string Key, ButaneShape Shape)> fields =
            [.. All(text, s_text), .. All(texts, List(s_text)), .. All(number, s_number), .. All(truth, s_truth), .. parts ?? []];
        return new ButaneShape(ButaneKind.Object)
        {
            Name = name,
            Fields = fields.Select(f => (Words: f.Key.Split('@'), f.Shape))
                .Where(f => f.Words.Length == 1 || int.Parse(f.Words[1], CultureInfo.InvariantCulture) <= schema)
                .ToDictionary(f => f.Words[0], f => f.Shape),
        };
    }

    private static IEnumerable<(string, ButaneShape)> All(string keys, ButaneShape shape) => keys.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(k => (k, shape));
}
