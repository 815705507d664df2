using System.Globalization;
using System.Text;
using System.Text.Json;
using Kola.Ignition;

namespace Kola.Cli.Agreement;

/// <summary>
/// Configs made at random from the table of the spec, always the same: members in any combination, values mostly good, some bad, some of another type.
/// </summary>
internal static class GeneratedConfigs
{
    private const int Count = 150;
    private const int Seed = 20260;

    private static readonly JsonWriterOptions s_indented = new() { Indented = true };

    // What a member is tried with, good ones first; {"path":…} of a directory is no other than that of a file.
    private static readonly Dictionary<string, string[]> s_values = new()
    {
        ["path"] = ["/a", "/a/b", "/a/b/c", "/etc/hosts", "/opt/bin", "/var/lib/x", "/x", "relative", "/un//clean", ""],
        ["target"] = ["/a", "/a/b", "../x", "/dev/null", ""],
        ["device"] = ["/dev/vda", "/dev/vdb", "/dev/disk/by-id/virtio-x", "/dev/md/x", "vda", ""],
        ["devices"] = ["/dev/vda", "/dev/vdb", "/dev/vdc", "vda"],
        ["source"] = ["data:,hello%20world", "data:;base64,aGVsbG8=", "https://example.com/a", "http://example.com/b", "tftp://a/b", "s3://b/k", "gs://b/k", "arn:aws:s3:::b/k", "ftp://a/b", "data:,a b", "http://a b", ""],
        ["hash"] = ["sha512-" + new string('0', 128), "sha256-" + new string('0', 64), "sha512-0", "md5-0", "x"],
        ["compression"] = ["gzip", "", "xz"],
        ["name"] = ["a.service", "b.service", "c@.service", "c@1.service", "d.mount", "e.conf", "f.conf", "core", "admin", "x/y", ""],
        ["contents"] = ["[Unit]\nA=b\n", "[Install]\nWantedBy=multi-user.target\n", "", "[Unit", "[Unit]\nA"],
        ["format"] = ["ext4", "btrfs", "xfs", "vfat", "swap", "none", "ext2", ""],
        ["label"] = ["ROOT", "data", "OEM", "a-label-of-20-letters", "a:b", "ä", ""],
        ["level"] = ["raid1", "raid0", "linear", "raid5", "10", "raid7", ""],
        ["guid"] = ["01234567-89ab-cdef-edcb-a98765432101", "", "0123"],
        ["typeGuid"] = ["0FC63DAF-8483-4772-8E79-3D69D8477DE4", "", "0FC63DAF"],
        ["url"] = ["http://tang", "https://tang/x", "tang", ""],
        ["pin"] = ["tpm2", "tang", "sss", "other", ""],
        ["httpProxy"] = ["http://proxy", "https://proxy", "proxy"],
        ["httpsProxy"] = ["https://proxy", "http://proxy", "ftp://proxy"],
        ["thumbprint"] = ["x", ""],
        ["advertisement"] = ["{}", ""],
    };

    private static readonly long[] s_numbers = [0, 1, 2, 100, 420, 493, 511, 1023, 4095, 4096, -1];

    internal static IEnumerable<CorpusConfig> All() => Enumerable.Range(0, Count).SelectMany(number => Corpus.InAllVersions(string.Create(CultureInfo.InvariantCulture, $"generated {number}"), Text(Seed + number)));

    private static string Text(int seed)
    {
        var random = new Random(seed);
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, s_indented))
            Write(writer, typeof(IgnitionConfig), random, 0);
        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, Type type, Random random, int depth)
    {
        writer.WriteStartObject();
        foreach (SpecMember member in SpecShape.Of(type).Members)
        {
            if (type == typeof(IgnitionSection) && member.Name == "version")
            {
                writer.WriteString("version", "VERSION");
                continue;
            }

            // The deeper, the likelier; a required one mostly, and the config in one case of 30 is off the spec somewhere.
            if (member.Name != "ignition" && random.Next(100) >= (member.Required ? 97 : depth == 0 ? 60 : 30))
                continue;
            writer.WritePropertyName(random.Next(150) == 0 ? member.Name.ToUpperInvariant() : member.Name);
            if (random.Next(150) == 0 && member.Name != "ignition")
                writer.WriteNullValue();
            else if (random.Next(400) == 0 && member.Name != "ignition")
                writer.WriteNumberValue(1.5);
            else
                Value(writer, member, random, depth);
        }

        if (random.Next(60) == 0)
            writer.WriteBoolean("nonsense", true);
        writer.WriteEndObject();
    }

    private static void Value(Utf8JsonWriter writer, SpecMember member, Random random, int depth)
    {
        switch (member.Kind)
        {
            case MemberKind.Record:
                Write(writer, member.Item, random, depth + 1);
                break;
            case MemberKind.Texts or MemberKind.Records:
                writer.WriteStartArray();
                for (int left = random.Next(4); left > 0; left--)
                {
                    if (member.Kind == MemberKind.Texts)
                        writer.WriteStringValue(Text(member.Name, random));
                    else
                        Write(writer, member.Item, random, depth + 1);
                }

                writer.WriteEndArray();
                break;
            case MemberKind.Text:
                writer.WriteStringValue(Text(member.Name, random));
                break;
            case MemberKind.Truth:
                writer.WriteBooleanValue(random.Next(2) == 0);
                break;
            default:
                writer.WriteNumberValue(s_numbers[random.Next(s_numbers.Length)]);
                break;
        }
    }

    // The first half of the values twice as often as the rest.
    private static string Text(string member, Random random)
    {
        string[] values = s_values.GetValueOrDefault(member) ?? ["a", "b", "c", "d"];
        return values[random.Next(3) > 0 ? random.Next((values.Length + 1) / 2) : random.Next(values.Length)];
    }
}
