using System.Text;
using Kola.Machines;

namespace Kola.Tests.Machines;

/// <summary>The channel against a guest that is two pipes: what it is sent, and what it says.</summary>
public sealed class GuestChannelTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(30);
    private GuestChannel _channel = null!;
    private readonly List<MemoryStream> _sinks = [];
    private Wire _control = null!;
    private Wire _journal = null!;
    private string _cursor = "";

    [SetUp]
    public void SwitchOn()
    {
        (_channel, _control, _journal, _cursor) = (new GuestChannel(), new Wire(), new Wire(), "");
        _sinks.Clear();
    }

    [TearDown]
    public void SwitchOff()
    {
        _channel.Dispose();
        _control.Dispose();
        _journal.Dispose();
    }

    [Test]
    public async Task It_is_up_when_the_guest_program_has_said_so()
    {
        _channel.Connect(_control.Host, _journal.Host);
        Assert.That(_channel.IsUp, Is.False);
        await _control.SayAsync("\n\u001eup 5f0e\n");
        await _channel.WhenUpAsync(CancellationToken.None).WaitAsync(s_soon);
        Assert.That(_channel.IsUp, Is.True);
    }

    [Test]
    public async Task An_answer_is_all_that_was_said_until_its_end()
    {
        _channel.Connect(_control.Host, _journal.Host);
        Task<(int ExitCode, string Text)?> asked = _channel.AskAsync("echo a\necho b", CancellationToken.None);
        Assert.That(await _control.HearAsync("1\necho a\necho b\u001d".Length), Is.EqualTo("1\necho a\necho b\u001d"));
        await _control.SayAsync("a\nb\n\n\u001e1 3\n");
        Assert.That(await asked.WaitAsync(s_soon), Is.EqualTo((3, "a\nb")));
    }

    [Test]
    public async Task Who_asked_before_a_restart_is_told_that_there_is_no_answer()
    {
        _channel.Connect(_control.Host, _journal.Host);
        Task<(int, string)?> asked = _channel.AskAsync("systemctl reboot", CancellationToken.None);
        await _control.HearAsync(1);
        await _control.SayAsync("half an ans\n\u001eup 6a11\n");
        Assert.That(await asked.WaitAsync(s_soon), Is.Null);
        Task<(int ExitCode, string Text)?> next = _channel.AskAsync("true", CancellationToken.None);
        await _control.SayAsync("\n\u001e2 0\n");
        Assert.That((await next.WaitAsync(s_soon))!.Value.Text, Is.Empty, "nothing of the old answer is in the new one");
    }

    [Test]
    public async Task An_answer_to_an_older_question_is_not_taken()
    {
        _channel.Connect(_control.Host, _journal.Host);
        using var impatient = new CancellationTokenSource();
        Task first = _channel.AskAsync("slow", impatient.Token);
        await _control.HearAsync(1);
        await impatient.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => first);
        Task<(int ExitCode, string Text)?> second = _channel.AskAsync("quick", CancellationToken.None);
        await _control.SayAsync("late\n\u001e1 7\n");
        await _control.SayAsync("quick\n\n\u001e2 0\n");
        Assert.That(await second.WaitAsync(s_soon), Is.EqualTo((0, "quick")));
    }

    [Test]
    public async Task A_machine_that_is_gone_gives_no_answer()
    {
        _channel.Connect(_control.Host, _journal.Host);
        Task<(int, string)?> asked = _channel.AskAsync("true", CancellationToken.None);
        await _control.HearAsync(1);
        _control.Dispose();
        Assert.That(await asked.WaitAsync(s_soon), Is.Null);
    }

    [Test]
    public async Task Each_boot_s_journal_goes_on_behind_the_last_entry([Values(1, 3, 1000)] int at_once)
    {
        _channel.Connect(_control.Host, _journal.Host);
        Follow();
        await _journal.SayAsync("rest of the boot before\0kola: journal\n");
        Assert.That(await _journal.HearAsync(1), Is.EqualTo("\n"), "no entry yet");
        await _journal.SayAsync("MESSAGE=one\n\n\0kola: jour is not the mark\n", at_once);
        _cursor = "s=1";
        await _journal.SayAsync("MESSAGE=to\0kola: journal\n", at_once);
        Assert.That(await _journal.HearAsync(4), Is.EqualTo("s=1\n"));
        await _journal.SayAsync("MESSAGE=two\n\n", at_once);
        _journal.Dispose();
        await _channel.DrainJournalAsync().WaitAsync(s_soon);
        Assert.That(_sinks.Select(Text), Is.EqualTo(new[] { "MESSAGE=one\n\n\0kola: jour is not the mark\nMESSAGE=to", "MESSAGE=two\n\n" }));
    }

    [Test]
    public async Task A_copy_s_journal_begins_with_its_template_s_and_asks_the_guest_nothing()
    {
        using var kept = new MemoryStream();
        _channel.JournalCopy = kept;
        _channel.Resume(_control.Host, _journal.Host, new MemoryStream(Encoding.UTF8.GetBytes("\0kola: journal\nMESSAGE=boot\n\nMESSAGE=ha")));
        Follow();
        await _journal.SayAsync("lf\n\n");
        Assert.That(_journal.Heard, Is.Zero);
        _journal.Dispose();
        await _channel.DrainJournalAsync().WaitAsync(s_soon);
        Assert.That(Text(_sinks.Single()), Is.EqualTo("MESSAGE=boot\n\nMESSAGE=half\n\n"));
        Assert.That(Text(kept), Is.EqualTo("\0kola: journal\nMESSAGE=boot\n\nMESSAGE=half\n\n"), "what another template goes on from");
        Assert.That(_channel.IsUp, Is.True);
    }

    [Test]
    public async Task A_power_cycle_is_a_new_pair_of_wires()
    {
        _channel.Connect(_control.Host, _journal.Host);
        await _control.SayAsync("\u001eup 1\n");
        await _channel.WhenUpAsync(CancellationToken.None).WaitAsync(s_soon);
        using Wire control = new(), journal = new();
        _channel.Connect(control.Host, journal.Host);
        Assert.That(_channel.IsUp, Is.False);
        await control.SayAsync("\u001eup 2\n");
        await _channel.WhenUpAsync(CancellationToken.None).WaitAsync(s_soon);
    }

    private void Follow() => _ = _channel.FollowJournalAsync(
        () => _cursor,
        () =>
        {
            _sinks.Add(new MemoryStream());
            return _sinks[^1];
        },
        CancellationToken.None);

    private static string Text(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.ToArray());

    /// <summary>A stream for the host, and the guest's end of it.</summary>
    private sealed class Wire : IDisposable
    {
        private readonly System.Net.Sockets.Socket _guest;

        internal Wire()
        {
            using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
            listener.Start();
            var host = new System.Net.Sockets.TcpClient();
            host.Connect((System.Net.IPEndPoint)listener.LocalEndpoint);
            _guest = listener.AcceptSocket();
            Host = host.GetStream();
        }

        internal Stream Host { get; }

        internal int Heard => _guest.Available;

        internal async Task SayAsync(string text, int atOnce = int.MaxValue)
        {
            foreach (byte[] part in Encoding.UTF8.GetBytes(text).Chunk(atOnce))
            {
                await _guest.SendAsync(part);
                await Task.Yield();
            }
        }

        internal async Task<string> HearAsync(int bytes)
        {
            byte[] heard = new byte[bytes];
            for (int got = 0; got < bytes;)
                got += await _guest.ReceiveAsync(heard.AsMemory(got)).AsTask().WaitAsync(s_soon);
            return Encoding.UTF8.GetString(heard);
        }

        public void Dispose() => _guest.Dispose();
    }
}
