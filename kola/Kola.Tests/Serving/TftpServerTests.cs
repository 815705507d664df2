using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using CliWrap;
using CliWrap.Buffered;
using Kola.Serving.Tftp;

namespace Kola.Tests.Serving;

/// <summary>What machines are served over TFTP.</summary>
public sealed class TftpServerTests
{
    private static readonly byte[] s_content = [.. Enumerable.Range(0, 10_000).Select(n => (byte)(n * 7 + n / 256))];

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(511)]
    [TestCase(512)]
    [TestCase(513)]
    [TestCase(1024)]
    [TestCase(10_000)]
    public async Task A_file_of_any_length_arrives(int length)
    {
        await using Served served = await Served.StartAsync(("dir/file", s_content[..length]));
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        Assert.That(await client.GetAsync("dir/file"), Is.EqualTo(s_content[..length]));
        Assert.That(client.Agreed, Is.Null);
        ServedRequest noted = Noted(served);
        Assert.That((noted.Protocol, noted.Path, noted.Status, noted.Bytes), Is.EqualTo(("tftp", "dir/file", 200, (long)length)));
    }

    [TestCase(1428, 1428)]
    [TestCase(8, 8)]
    [TestCase(65464, 1468)]
    public async Task A_size_of_blocks_is_agreed_and_the_length_is_told(int asked, int agreed)
    {
        await using Served served = await Served.StartAsync(("file", s_content));
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        Assert.That(await client.GetAsync("/file", "OCTET", ("BLKSIZE", asked), ("tsize", 0), ("timeout", 1), ("windowsize", 4)), Is.EqualTo(s_content));
        Assert.That(client.Agreed, Is.EqualTo($"blksize {agreed} timeout 1 tsize 10000"));
    }

    [Test]
    public async Task An_option_out_of_its_limits_does_not_hold()
    {
        await using Served served = await Served.StartAsync(("file", s_content));
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        Assert.That(await client.GetAsync("/file", "octet", ("blksize", 7)), Is.EqualTo(s_content));
        Assert.That(client.Agreed, Is.Null);
    }

    // Lost on the way there, on the way back, the first, the last, many: the whole file arrives, once.
    [TestCase("every third that arrives")]
    [TestCase("every third that is sent")]
    [TestCase("the first that is sent")]
    [TestCase("the first that arrives")]
    [TestCase("two in a row both ways")]
    public async Task Lost_packets_are_sent_again(string lost)
    {
        await using Served served = await Served.StartAsync(("file", s_content[..3000]));
        using var client = new TftpClient(served.Server.Addresses.TftpPort, (arriving, n) => lost switch
        {
            "every third that arrives" => arriving && n % 3 == 2,
            "every third that is sent" => !arriving && n % 3 == 2,
            "the first that is sent" => !arriving && n == 0,
            "the first that arrives" => arriving && n == 0,
            _ => n % 7 is 3 or 4,
        });
        Assert.That(await client.GetAsync("/file"), Is.EqualTo(s_content[..3000]));
    }

    [Test]
    public async Task An_acknowledgement_that_comes_twice_is_not_answered_twice()
    {
        await using Served served = await Served.StartAsync(("file", s_content));
        using var once = new TftpClient(served.Server.Addresses.TftpPort);
        await once.GetAsync("/file");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await socket.SendToAsync((byte[])[0, 1, .. "/file\0octet\0"u8], new IPEndPoint(IPAddress.Loopback, served.Server.Addresses.TftpPort));
        byte[] buffer = new byte[1024];
        int data = 0;
        for (int wanted = 1; wanted <= 20;)
        {
            SocketReceiveFromResult came = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
            data++;
            int block = TftpPacket.NumberOf(buffer);
            for (int twice = 0; twice < 2; twice++)
                await socket.SendToAsync(TftpPacket.AcknowledgementOf(block), came.RemoteEndPoint);
            wanted = block + 1;
        }

        Assert.That(data, Is.EqualTo(20), "packets of data, of 20 blocks");
    }

    [Test]
    public async Task Numbers_of_blocks_go_round()
    {
        byte[] large = new byte[8 * 65_536 + 100];
        new Random(1).NextBytes(large);
        await using Served served = await Served.StartAsync(("large", large));
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        Assert.That(await client.GetAsync("/large", "octet", ("blksize", 8)), Is.EqualTo(large));
    }

    [TestCase("/missing", "no such file is served", 404)]
    [TestCase("/../secret.txt", "no such file is served", 404)]
    [TestCase("../secret.txt", "no such file is served", 404)]
    [TestCase("/%2e%2e/secret.txt", "no such file is served", 404)]
    [TestCase("/redirect/1/hello.txt", "\"redirect\" has no meaning here", 400)]
    [TestCase("/flaky", "\"flaky\" wants 1 more in the path", 400)]
    public async Task What_is_not_served_is_refused(string path, string message, int status)
    {
        await using Served served = await Served.StartAsync();
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        Assert.That(await client.GetAsync(path), Is.Empty);
        Assert.That(client.Error, Is.EqualTo(message));
        Assert.That(Noted(served).Status, Is.EqualTo(status));
    }

    [Test]
    public async Task Text_mode_and_writing_are_refused_and_noise_is_not_answered()
    {
        await using Served served = await Served.StartAsync();
        using (var client = new TftpClient(served.Server.Addresses.TftpPort))
        {
            await client.GetAsync("/hello.txt", "netascii");
            Assert.That(client.Error, Is.EqualTo("mode octet alone is served"));
        }

        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var server = new IPEndPoint(IPAddress.Loopback, served.Server.Addresses.TftpPort);
        foreach (byte[] noise in (byte[][])[[], [0], [0, 1], [0, 1, 0, 0], [0, 9, 1, 2], [0, 1, .. "file"u8], [0, 4, 0, 1], new byte[2000]])
            await socket.SendToAsync(noise, server);
        await socket.SendToAsync((byte[])[0, 2, .. "/new\0octet\0"u8], server);
        byte[] buffer = new byte[600];
        SocketReceiveFromResult refused = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
        Assert.That(buffer[..refused.ReceivedBytes], Is.EqualTo((byte[])[0, 5, 0, 2, .. "files are only read here\0"u8]));
        Assert.That(served.Server.Requests.Select(r => r.Status), Has.All.EqualTo(400));
    }

    [Test]
    public async Task A_client_that_says_nothing_any_more_is_given_up()
    {
        await using Served served = await Served.StartAsync(("file", s_content));
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            await socket.SendToAsync((byte[])[0, 1, .. "/file\0octet\0"u8], new IPEndPoint(IPAddress.Loopback, served.Server.Addresses.TftpPort));
            byte[] buffer = new byte[600];
            await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
            // One stranger at the transfer's port must neither end it nor feed it.
            SocketReceiveFromResult first = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
            using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            stranger.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            await stranger.SendToAsync(TftpPacket.AcknowledgementOf(1), first.RemoteEndPoint);
            SocketReceiveFromResult told = await stranger.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
            Assert.That(TftpPacket.NumberOf(buffer.AsSpan(0, told.ReceivedBytes)), Is.EqualTo(TftpPacket.UnknownTransfer));
        }

        ServedRequest noted = Noted(served);
        Assert.That((noted.Status, noted.Bytes), Is.EqualTo((499, 0L)));
    }

    [Test]
    public async Task Content_can_be_compressed_here_too()
    {
        await using Served served = await Served.StartAsync();
        using var client = new TftpClient(served.Server.Addresses.TftpPort);
        using var packed = new GZipStream(new MemoryStream(await client.GetAsync("/gzip/hello.txt")), CompressionMode.Decompress);
        using var text = new StreamReader(packed);
        Assert.That(await text.ReadToEndAsync(), Is.EqualTo("hello\n"));
    }

    // A client nobody here has written.
    [Test]
    public async Task Curl_gets_a_file()
    {
        await using Served served = await Served.StartAsync(("file", s_content));
        string to = Path.Combine(served.Outside, "got");
        BufferedCommandResult curl = await CliWrap.Cli.Wrap("curl").WithArguments(["--silent", "--show-error", "--max-time", "30", "--output", to, served.Server.Addresses.Tftp("127.0.0.1") + "/file"])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        if (curl.StandardError.Contains("not supported", StringComparison.Ordinal))
            Assert.Ignore("this curl speaks no TFTP");
        Assert.That(curl.StandardError, Is.Empty);
        Assert.That(await File.ReadAllBytesAsync(to), Is.EqualTo(s_content));
    }

    private static ServedRequest Noted(Served served)
    {
        Assert.That(() => served.Server.Requests, Is.Not.Empty.After(10_000, 20));
        return served.Server.Requests[^1];
    }
}
