using System.Globalization;
using Kola.Machines;

namespace Kola;

/// <content>Becoming a template, and waking up as a copy of one.</content>
public sealed partial class Machine
{
    // A copy answers within a second when emulated, and at once with KVM; a host that is full takes its time.
    private static readonly TimeSpan s_waking = TimeSpan.FromSeconds(20);

    // Nearer than this a copy's clock is right: a process that sets it is started in 5 ms with KVM and in 50 ms when emulated.
    private static readonly TimeSpan s_clockIsRight = TimeSpan.FromMilliseconds(250);

    private string _waking = "no login yet";

    /// <summary>
    /// Gives a copy its own identity through the guest channel, logs in and returns when the machine is ready for its test, under a boot id
    /// it shares with its template.
    /// </summary>
    /// <exception cref="PlatformException">The copy does not answer: copying is the harness's doing, not the image's.</exception>
    internal async Task WakeAsync(CloneIdentity identity)
    {
        long start = _terms.Time.GetTimestamp();
        SshKey hostKey = SshKey.Create();
        _hostKey = hostKey.Fingerprint;
        await BoundAsync(async cancel =>
        {
            using var late = new CancellationTokenSource(Scaled(s_waking), _terms.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, late.Token);
            try
            {
                // The key first: the login goes on while the rest is done. Then the clock, so that what is logged has the right time.
                await TellAsync($"change_key {Quote(Spec.User)} {Quote(identity.Template.PublicKey)} {Quote(_terms.Identity.PublicKey)}", either.Token);
                Task<Waited<IShell?>> login = LogInAsync(either.Token);
                await SetClockAsync(either.Token);
                await TellAsync(Commands(identity, hostKey), either.Token);
                await login;
                return true;
            }
            catch (OperationCanceledException) when (late.IsCancellationRequested && !cancel.IsCancellationRequested)
            {
                throw new PlatformException(Signal.Template, $"{Name}: the copy does not answer\n  wanted:  its own identity and a login within {Scaled(s_waking).TotalSeconds:0} s\n  got:     {_waking}\n  see:     {_terms.Shown}/console.txt");
            }
            finally
            {
                // A login that goes on when the rest could not be done must not try for ever.
                await either.CancelAsync();
            }
        });
        (BootId, Version) = (identity.Template.BootId, identity.Template.Version);
        double seconds = _terms.Time.GetElapsedTime(start).TotalSeconds;
        _terms.Emit(new MachineReady { At = _terms.Time.GetUtcNow(), Test = _terms.Test, Machine = Name, BootId = BootId, Version = Version, ElapsedSeconds = seconds, Boot = _boots++ });
        await SettleRecordingAsync();
    }

    /// <summary>
    /// Brings a ready machine into the state it is to be frozen in: nobody logged in, everything written to disk, and what makes the first
    /// login of a copy cheap begun. No connection is left.
    /// </summary>
    /// <param name="mac">Ethernet address of its first card.</param>
    internal async Task<TemplateFacts> SettleAsync(string mac)
    {
        await DisconnectAsync();
        string greeting = await Ssh.GreetingAsync(_terms.Deadline);
        await BoundAsync(async cancel =>
        {
            await TellAsync($"settle {Quote(SshKey.Create().PrivateKey)}", cancel);
            return true;
        });
        return new TemplateFacts
        {
            PublicKey = _terms.Identity.PublicKey,
            Mac = mac,
            BootId = BootId,
            Version = Version,
            SshGreeting = greeting,
            MadeAt = _terms.Time.GetUtcNow(),
            ReadySeconds = Cost.Wall.TotalSeconds,
            ProcessorSeconds = _instance.ProcessorTime?.TotalSeconds,
        };
    }

    // Should the server that waits in a copy be gone, the second attempt is over the network, as with any machine.
    private Task<Waited<IShell?>> LogInAsync(CancellationToken cancel) => Wait.UntilAsync(
        async token =>
        {
            try
            {
                return await ShellAsync(token);
            }
            catch (MachineException fault)
            {
                _waking = fault.Message;
                return null;
            }
        },
        shell => shell is not null, TimeSpan.FromDays(1), TimeSpan.FromSeconds(1), _terms.Time, cancel);

    /// <summary>
    /// Sets a copy's clock, which goes on where its template's stood. What sets it is a process, which a copy that has just woken up starts as
    /// slowly as anything, and one on a full host seconds late: it is set again, and from then on ahead by as much as it was late, up to five times.
    /// A clock that is not right after that stays as it is: ssh.log has what was tried.
    /// </summary>
    private async Task SetClockAsync(CancellationToken cancel)
    {
        TimeSpan ahead = TimeSpan.Zero;
        for (int attempt = 1; attempt <= 5; attempt++)
        {
            string time = ((_terms.Time.GetUtcNow() + ahead).ToUnixTimeMilliseconds() / 1000.0).ToString("0.000", CultureInfo.InvariantCulture);
            string told = await TellAsync($"set_clock {time}", cancel);
            // A bash before 5 cannot tell.
            if (!double.TryParse(told.Replace(',', '.'), CultureInfo.InvariantCulture, out double seconds))
                return;
            TimeSpan late = _terms.Time.GetUtcNow() - DateTimeOffset.UnixEpoch.AddSeconds(seconds);
            if (late.Duration() < s_clockIsRight)
                return;
            if (attempt > 1)
                ahead += late;
        }
    }

    /// <summary>Runs a command over the guest channel that must succeed; what it printed.</summary>
    private async Task<string> TellAsync(string command, CancellationToken cancel)
    {
        IGuestChannel channel = _instance.Channel ?? throw new PlatformException(Signal.Template, $"{Name}: it has no guest channel\n  wanted:  a platform that gives its machines one");
        long start = _terms.Time.GetTimestamp();
        (int ExitCode, string Text)? answer = await channel.AskAsync(command, cancel);
        if (answer is null)
            await ThrowWhyLostAsync();
        // The words after the first may be keys.
        string said = command.Split(' ')[0];
        _log.Add(_terms.Time.GetUtcNow(), $"(guest channel) {said} …", answer?.ExitCode, answer?.Text ?? "", "", _terms.Time.GetElapsedTime(start));
        if (answer is not { ExitCode: 0 } done)
            throw new PlatformException(Signal.Template, $"{Name}: the guest program could not do its work: {said}\n  got:     {(answer is { } bad ? $"exit code {bad.ExitCode}: {bad.Text}" : "the copy does not answer: it restarted or is gone")}\n  see:     {_terms.Shown}/ssh.log");
        return done.Text;
    }

    // One line each, and the first that fails ends it.
    private string Commands(CloneIdentity identity, SshKey hostKey)
    {
        List<string> commands = [];
        if (_terms.NetworkName is { } name)
            commands.Add($"change_name {Quote(name)}");
        commands.Add($"change_host_keys {Quote(hostKey.PrivateKey)} {Quote(hostKey.PublicKey)}");
        if (!Spec.Offline)
            commands.Add($"change_mac {identity.Template.Mac} {identity.Mac}");
        if (Spec.OwnMachineId)
            commands.Add("change_machine_id");
        commands.AddRange(identity.Files.Select(file => $"write_file {Quote(file.Key)} {Quote(file.Value)}"));
        if (identity.Cards.Count > 0)
            commands.Add("join_segments " + string.Join(' ', identity.Cards.Select((card, at) => $"{InstanceLink.UnconfiguredMac(at)} {card.Mac} {card.State}")));
        commands.Add("mark 'a copy of a template goes on here under a name of its own'");
        return string.Join(" &&\n", commands);
    }
}
