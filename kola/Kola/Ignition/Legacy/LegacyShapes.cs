using static Kola.Ignition.ValueShape;

namespace Kola.Ignition;

/// <summary>What Ignition 1 and 2.0 to 2.4 take. <c>key@2</c> came with 2.2.0. 2.4.0 is what Flatcar's initrd reads all of them as.</summary>
internal static class LegacyShapes
{
    /// <summary>Newest minor version of spec 2.</summary>
    internal const int Newest = 4;

    private const string Account = "gecos homeDir primaryGroup shell";
    private const string AccountTruths = "noCreateHome noLogInit noUserGroup";

    /// <summary>Of spec 1.</summary>
    internal static ValueShape One { get; } = Object("Config", 0, number: "ignitionVersion", parts:
    [
        ("storage", Object("Storage", 0, parts:
        [
            ("disks", List(Object("Disk", 0, text: "device", truth: "wipeTable", parts: [("partitions", List(Object("Partition", 0, text: "label typeGuid", number: "number size start")))]))),
            ("raid", List(Object("Raid", 0, text: "name level", number: "spares", texts: "devices"))),
            ("filesystems", List(Object("Filesystem", 0, text: "device format", parts:
            [
                ("create", Object("Create", 0, truth: "force", texts: "options")),
                ("files", List(Object("File", 0, text: "path contents", number: "mode uid gid"))),
            ]))),
        ])),
        ("systemd", Systemd(0)),
        ("networkd", Object("Networkd", 0, parts: [("units", List(Object("NetworkdUnit", 0, text: "name contents")))])),
        ("passwd", Passwd(0)),
    ]);

    /// <summary>Of spec 2.</summary>
    /// <param name="minor">3 for 2.3.0.</param>
    internal static ValueShape Two(int minor) => Object("Config", minor, parts:
    [
        ("ignition", Ignition(minor)),
        ("storage", Storage(minor)),
        ("systemd", Systemd(minor)),
        ("networkd", Object("Networkd", minor, parts: [("units", List(Object("NetworkdUnit", minor, text: "name contents", parts: [("dropins@2", List(Dropin(minor)))])))])),
        ("passwd", Passwd(minor)),
    ]);

    private static ValueShape Ignition(int minor)
    {
        ValueShape reference = Object("ConfigReference", minor, text: "source", parts: [("verification", Verification(minor)), ("httpHeaders@4", Headers(minor))]);
        return Object("Ignition", minor, text: "version", parts:
        [
            ("config", Object("IgnitionConfig", minor, parts: [("append", List(reference)), ("replace", reference)])),
            ("timeouts@1", Object("Timeouts", minor, number: "httpResponseHeaders httpTotal")),
            ("security@2", Object("Security", minor, parts: [("tls", Object("TLS", minor, parts: [("certificateAuthorities", List(reference))]))])),
            ("proxy@4", Object("Proxy", minor, text: "httpProxy httpsProxy", texts: "noProxy")),
        ]);
    }

    private static ValueShape Storage(int minor)
    {
        ValueShape owner = Object("Owner", minor, text: "name@1", number: "id");
        (string, ValueShape)[] owned = [("user", owner), ("group", owner)];
        ValueShape contents = Object("FileContents", minor, text: "source compression", parts: [("verification", Verification(minor)), ("httpHeaders@4", Headers(minor))]);
        return Object("Storage", minor, parts:
        [
            ("disks", List(Object("Disk", minor, text: "device", truth: "wipeTable", parts:
            [
                ("partitions", List(Object("Partition", minor, text: "label typeGuid guid@1", truth: "wipePartitionEntry@3 shouldExist@3", number: "number size start sizeMiB@3 startMiB@3"))),
            ]))),
            ("raid", List(Object("Raid", minor, text: "name level", number: "spares", texts: "devices options@1"))),
            ("filesystems", List(Object("Filesystem", minor, text: "name path", parts:
            [
                ("mount", Object("Mount", minor, text: "device format label@1 uuid@1", truth: "wipeFilesystem@1", texts: "options@1", parts:
                [
                    ("create", Object("Create", minor, truth: "force", texts: "options")),
                ])),
            ]))),
            ("files", List(Object("File", minor, text: "filesystem path", truth: "append@2 overwrite@2", number: "mode", parts: [.. owned, ("contents", contents)]))),
            ("directories@1", List(Object("Directory", minor, text: "filesystem path", truth: "overwrite@2", number: "mode", parts: owned))),
            ("links@1", List(Object("Link", minor, text: "filesystem path target", truth: "hard overwrite@2", parts: owned))),
        ]);
    }

    private static ValueShape Systemd(int minor) => Object("Systemd", minor, parts:
    [
        ("units", List(Object("Unit", minor, text: "name contents", truth: "enable enabled@1 mask", parts: [("dropins", List(Dropin(minor)))]))),
    ]);

    private static ValueShape Passwd(int minor) => Object("Passwd", minor, parts:
    [
        ("users", List(Object(
            "PasswdUser",
            minor,
            text: "name passwordHash " + Since(Account),
            truth: Since(AccountTruths + " system"),
            number: "uid@1",
            texts: "sshAuthorizedKeys groups@1",
            parts: [("create", Object("UserCreate", minor, text: Account, truth: AccountTruths + " system", number: "uid", texts: "groups"))]))),
        ("groups", List(Object("PasswdGroup", minor, text: "name passwordHash", truth: "system", number: "gid"))),
    ]);

    // What spec 2.0 has under create only.
    private static string Since(string keys) => string.Join(' ', keys.Split(' ').Select(k => k + "@1"));

    private static ValueShape Dropin(int minor) => Object("Dropin", minor, text: "name contents");

    private static ValueShape Verification(int minor) => Object("Verification", minor, text: "hash");

    private static ValueShape Headers(int minor) => List(Object("HTTPHeader", minor, text: "name value"));
}
