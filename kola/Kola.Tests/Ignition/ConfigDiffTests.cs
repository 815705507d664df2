using System.IO.Compression;
using System.Text;
using Kola.Ignition;

namespace Kola.Tests.Ignition;

public sealed class ConfigDiffTests
{
    [Test]
    public void Entries_are_matched_by_what_tells_them_apart_and_contents_are_compared_as_lines()
    {
        var diff = ConfigDiff.Of(
            IgnitionConfig.Parse("""{"ignition":{"version":"3.2.0"},"storage":{"files":[{"path":"/b","mode":420,"contents":{"source":"data:,one%0Atwo%0Athree%0A"}},{"path":"/gone"}],"disks":[{"device":"/dev/vdb","partitions":[{"number":1,"sizeMiB":5}]}]},"systemd":{"units":[{"name":"a.service","enabled":true}]}}""", "a"),
            IgnitionConfig.Parse("""{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/new","contents":{"source":"data:;base64,aGVsbG8="}},{"path":"/b","mode":384,"contents":{"source":"data:,one%0A2%0Athree%0A"}}],"disks":[{"device":"/dev/vdb","partitions":[{"number":1,"sizeMiB":6},{"number":2}]}]},"systemd":{"units":[{"name":"a.service","enabled":true}]}}""", "b"));
        Assert.That(diff.ToString(), Is.EqualTo("""
            ~ ignition
                version: "3.2.0" → "3.3.0"
            ~ disk /dev/vdb
                ~ partition number 1
                    sizeMiB: 5 → 6
                + partition number 2
                    number: 0 → 2
            ~ file /b
                contents:
                   one
                  -two
                  +2
                   three
                mode: 420 → 384
            - file /gone
            + file /new
                contents: "" → "hello"

            """));
    }

    [Test]
    public void Another_encoding_of_the_same_is_no_difference()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress, leaveOpen: true))
            gzip.Write(Encoding.UTF8.GetBytes("hello"));
        IgnitionConfig With(string contents) => IgnitionConfig.Parse("""{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","contents":CONTENTS}]}}""".Replace("CONTENTS", contents, StringComparison.Ordinal), "x");
        IgnitionConfig plain = With("""{"source":"data:,hello"}""");
        Assert.That(ConfigDiff.Of(plain, With("""{"source":"data:text/plain;base64,aGVsbG8="}""")).Changes, Is.Empty);
        Assert.That(ConfigDiff.Of(plain, With($$"""{"source":"data:;base64,{{Convert.ToBase64String(packed.ToArray())}}","compression":"gzip"}""")).ToString(), Is.EqualTo("both ask for the same\n"));
        Assert.That(ConfigDiff.Of(plain, With("""{"source":"data:;base64,/w=="}""")).ToString(), Does.Contain("contents: 5 bytes → 1 bytes"));
        Assert.That(ConfigDiff.Of(plain, With("""{"source":"https://a/b"}""")).ToString(), Does.Contain("contents.source: \"data:,hello\" → \"https://a/b\""));
    }

    [Test]
    public void Far_lines_are_left_out()
    {
        string[] lines = [.. Enumerable.Range(1, 20).Select(i => $"line {i}")];
        string before = string.Join('\n', lines) + "\n";
        Assert.That(TextDiff.Lines(before, before.Replace("line 10\n", "", StringComparison.Ordinal)), Is.EqualTo(new[] { "…", " line 8", " line 9", "-line 10", " line 11", " line 12", "…" }));
        Assert.That(TextDiff.Lines("a", "a\n"), Is.EqualTo(new[] { "-a (no line feed at its end)", "+a" }));
    }
}
