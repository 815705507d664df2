using System.Text;
using Kola.Qemu;

namespace Kola.Platforms.Tests.Unit;

[Category("unit")]
public sealed class SshOvertureTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Test]
    public async Task It_is_the_server_s_line_and_its_first_packet_and_no_more()
    {
        byte[] said = await PlayAsync("SSH-2.0-OpenSSH_10.0\r\n\0\0\0\u0003abcXYZ");
        Assert.That(Encoding.Latin1.GetString(said), Is.EqualTo("SSH-2.0-OpenSSH_10.0\r\n\0\0\0\u0003abc"));
    }

    [Test]
    public async Task What_an_earlier_server_said_is_left_out()
    {
        byte[] said = await PlayAsync("\u0001\u0002SSH-2SSH-2.0-x\r\n\0\0\0\u0001a");
        Assert.That(Encoding.Latin1.GetString(said), Is.EqualTo("SSH-2.0-x\r\n\0\0\0\u0001a"));
    }

    [TestCase("SSH-2.0-x\r\n\u00ff\u00ff\u00ff\u00ffa", "packet of -1")]
    [TestCase("SSH-2.0-x", "did not answer")]
    public async Task What_is_no_ssh_server_is_said(string said, string expected)
    {
        PlatformException problem = (await Assert.ThrowsAsync<PlatformException>(() => PlayAsync(said)))!;
        Assert.That(problem.Message, Does.Contain(expected));
    }

    private static async Task<byte[]> PlayAsync(string said)
    {
        using var server = new Server(Encoding.Latin1.GetBytes(said));
        byte[] heard = await SshOverture.PlayAsync(server, "SSH-2.0-test", s_limit, CancellationToken.None);
        Assert.That(Encoding.ASCII.GetString(server.Heard.ToArray()), Is.EqualTo("SSH-2.0-test\r\n"));
        return heard;
    }

    private sealed class Server(byte[] said) : MemoryStream(said, writable: false)
    {
        internal MemoryStream Heard { get; } = new();

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Heard.WriteAsync(buffer, cancellationToken);
    }
}
