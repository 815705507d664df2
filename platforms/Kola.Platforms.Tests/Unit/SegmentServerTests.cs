using System.Buffers.Binary;
using Kola.Qemu;
using Kola.Segments;
using Microsoft.Extensions.Time.Testing;

namespace Kola.Platforms.Tests.Unit;

/// <summary>What the harness serves on a segment, as data.</summary>
[Category("unit")]
public sealed class SegmentServerTests
{
    private static readonly SegmentPlace s_place = new(
        new SegmentSpec { Name = "lan", Addressing = SegmentAddressing.Automatic, Servers = SegmentServers.Dhcp4 | SegmentServers.Dns | SegmentServers.Time }, 2, "/logs", "/run/k");

    [Test]
    public void A_segment_has_the_servers_it_asks_for_at_the_addresses_of_the_harness()
    {
        IReadOnlyList<ServerCommand> commands = ServerCommand.Of(s_place, new SegmentConduct(), "/run/k/t", []);
        Assert.That(commands.Select(c => c.Name), Is.EqualTo(new[] { "dhcp", "dns-1", "dns-2", "time-1" }));
        Assert.That(commands[0].Arguments, Has.Member("--dhcp-range=198.18.2.100,198.18.2.139,255.255.255.0,2m").And.Member("--dhcp-option=option:router"));
        Assert.That(commands[1].Arguments, Has.Member("--listen-address=198.18.2.254"));
        Assert.That(commands.SelectMany(c => c.Listens), Is.EqualTo(new[] { "udp :67", "udp 198.18.2.254:53", "tcp 198.18.2.254:53", "udp 198.18.2.253:53", "tcp 198.18.2.253:53", "udp 198.18.2.254:123" }));
    }

    [Test]
    public void Who_is_gone_is_not_started_and_who_lies_is_told_what()
    {
        var conduct = new SegmentConduct { FirstDns = ServerMood.Gone, OtherAddresses = true, Time = ServerMood.Gone, Names = new Dictionary<string, string> { ["a.example"] = "192.0.2.1" } };
        IReadOnlyList<ServerCommand> commands = ServerCommand.Of(s_place, conduct, "/run/k/t", []);
        Assert.That(commands.Select(c => c.Name), Is.EqualTo(new[] { "dhcp", "dns-2" }));
        Assert.That(commands[0].Arguments, Has.Some.StartsWith("--dhcp-range=198.18.2.200,"));
        Assert.That(commands[1].Arguments, Has.Member("--address=/a.example/192.0.2.1"));
    }

    [Test]
    public void Sockets_that_are_missing_are_told_from_those_that_are_there()
    {
        const string sockets = """
            udp   UNCONN 0      0       198.18.2.254:53       0.0.0.0:*
            udp   UNCONN 0      0      0.0.0.0%lan:67          0.0.0.0:*
            tcp   LISTEN 0      32     [fd6b::fe]:53             [::]:*
            """;
        Assert.That(SegmentHost.Missing(["udp 198.18.2.254:53", "udp :67", "tcp [fd6b::fe]:53", "tcp 198.18.2.254:53"], sockets), Is.EqualTo(new[] { "tcp 198.18.2.254:53" }));
    }

    [Test]
    public void The_time_is_told_to_who_asks_for_it()
    {
        byte[] request = new byte[48];
        request[0] = 4 << 3 | 3;
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(40), 0x1122334455667788);
        byte[] answer = TimeServer.Answer(request, new DateTimeOffset(2026, 1, 1, 0, 0, 0, 500, TimeSpan.Zero))!;
        Assert.That(answer[0], Is.EqualTo(4 << 3 | 4), "version 4, a server");
        Assert.That(BinaryPrimitives.ReadUInt64BigEndian(answer.AsSpan(24)), Is.EqualTo(0x1122334455667788), "what the client calls its time");
        // 1900 to 2026: 126 years of 365 days and 31 leap days.
        Assert.That(BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(40)), Is.EqualTo((126u * 365 + 31) * 86400));
        Assert.That(BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(44)), Is.EqualTo(0x80000000), "half a second");
        request[0] = 4 << 3 | 4;
        Assert.That(TimeServer.Answer(request, DateTimeOffset.UnixEpoch), Is.Null, "a server's answer is no question");
        Assert.That(TimeServer.Answer(request.AsSpan(0, 20), DateTimeOffset.UnixEpoch), Is.Null);
    }

    [Test]
    public void A_tag_is_put_on_and_taken_off_without_a_trace()
    {
        byte[] frame = [.. Enumerable.Range(0, 60).Select(i => (byte)i)];
        byte[] tagged = VlanTag.Add(frame, 10);
        Assert.That(VlanTag.Of(tagged), Is.EqualTo(10));
        Assert.That(VlanTag.Of(frame), Is.Null);
        Assert.That(VlanTag.Remove(tagged), Is.EqualTo(frame));
        Assert.That(tagged.Length - VlanTag.Overhead(tagged), Is.EqualTo(frame.Length - VlanTag.Overhead(frame)), "the packet is as long as before");
    }

    [Test]
    public async Task A_capture_keeps_the_last_frames_within_its_bound_as_others_read_it()
    {
        using var scratch = new Scratch();
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var ring = new FrameRing(clock);
        string file = scratch.File("a.pcap");
        Assert.That(await ring.SaveAsync(file, CancellationToken.None), Is.False);
        for (int i = 0; i < 5000; i++)
            ring.Add([.. BitConverter.GetBytes(i), .. new byte[1496]]);
        Assert.That(await ring.SaveAsync(file, CancellationToken.None), Is.True);
        byte[] pcap = await File.ReadAllBytesAsync(file);
        Assert.That(pcap, Has.Length.InRange(4_000_000, (4 << 20) + 24));
        Assert.That(BinaryPrimitives.ReadUInt32LittleEndian(pcap), Is.EqualTo(0xA1B23C4D));
        Assert.That(BinaryPrimitives.ReadInt32LittleEndian(pcap.AsSpan(20)), Is.EqualTo(1), "Ethernet");
        Assert.That(BitConverter.ToInt32(pcap, pcap.Length - 1500), Is.EqualTo(4999), "the last is there");
    }
}
