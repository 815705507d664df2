using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Kola.Machines;
using Kola.Platforms;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace Kola.Labs;

/// <summary>Machines that are there already. A test has as many as it needs to itself; who else uses the lab, in this process or another, waits.</summary>
internal sealed class ReadyPool
{
    private static readonly TimeSpan s_login = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_poll = TimeSpan.FromSeconds(1);

    private static readonly PowerAction[] s_revivals = [PowerAction.On, PowerAction.Cycle, PowerAction.Reset];

    private readonly LabOptions _lab;
    private readonly LabCalls _calls;
    private readonly PlatformRequest _request;
    private readonly Dictionary<string, SshIdentity> _logins;
    private readonly ConcurrentDictionary<string, string> _aside = new();
    private readonly string _note;

    /// <exception cref="UsageException">A key cannot be read.</exception>
    internal ReadyPool(LabOptions lab, LabCalls calls, PlatformRequest request)
    {
        _lab = lab;
        _calls = calls;
        _request = request;
        _logins = lab.Ready.ToDictionary(m => m.Name, m => LoginOf(m, request.Access));
        _note = JsonSerializer.Serialize(request.Tags.ToPairs());
    }

    /// <summary>How a machine's owner logs in.</summary>
    /// <exception cref="UsageException">The key cannot be read, or there is no agent.</exception>
    internal static SshIdentity LoginOf(ReadyMachine machine, PlatformAccess access)
    {
        if (machine.Key is not { } file)
            return SshIdentity.Of(machine.User, SshAgent.At(access.Environment("SSH_AUTH_SOCK") ?? throw new UsageException($"{machine.Name}: no key, and no SSH agent\n  wanted:  key: FILE in the lab file, or SSH_AUTH_SOCK in the environment\n  next:    eval $(ssh-agent); ssh-add")));
        try
        {
            return SshIdentity.Of(machine.User, new PrivateKeyFile(file));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SshException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            string next = fault is SshPassPhraseNullOrEmptyException ? "\n  next:    ssh-add it to an agent, and leave key out" : "";
            throw new UsageException($"{machine.Name}: key {file} cannot be used: {fault.Message}\n  wanted:  a private key without a passphrase{next}", fault);
        }
    }

    /// <summary>Takes a machine, puts it back as it was where the lab can, and sees that it answers. Waits where all are in use.</summary>
    /// <exception cref="PlatformException">None was to be had in time, or none is any good.</exception>
    internal async Task<LabInstance> LeaseAsync(InstanceSpec spec, CancellationToken cancel)
    {
        long start = _request.Access.Clock.GetTimestamp();
        bool told = false;
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            foreach (ReadyMachine machine in _lab.Ready.Where(m => !_aside.ContainsKey(m.Name)))
            {
                if (ReadyLock.TryTake(_lab.Locks, machine, _note) is { } held && await UseAsync(machine, held, spec, cancel) is { } instance)
                    return instance;
            }

            if (_aside.Count == _lab.Ready.Count)
                throw new PlatformException(Signal.NoContact, $"{spec.Id}: no machine of the lab {_lab.Name} is any good\n  wanted:  one that answers\n  got:     {string.Join("\n           ", _aside.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}: {a.Value}"))}");
            if (_request.Access.Clock.GetElapsedTime(start) >= _lab.Wait)
            {
                string[] users = await Task.WhenAll(_lab.Ready.Where(m => !_aside.ContainsKey(m.Name)).Select(async m => $"{m.Name}: {await ReadyLock.HolderOfAsync(_lab.Locks, m, cancel)}"));
                throw new PlatformException(Signal.Quota, string.Create(CultureInfo.InvariantCulture, $"{spec.Id}: all machines of the lab {_lab.Name} were in use for {_lab.Wait.TotalSeconds:0} s\n  wanted:  a free one\n  got:     {string.Join("\n           ", users)}\n  next:    wait longer (wait: in the lab file), or run fewer at once (--jobs)"));
            }

            if (!told)
                _request.Access.Progress.Report($"{spec.Id} waits for a machine of the lab {_lab.Name}");
            told = true;
            await Task.Delay(s_poll, _request.Access.Clock, cancel);
        }
    }

    private async Task<LabInstance?> UseAsync(ReadyMachine machine, ReadyLock held, InstanceSpec spec, CancellationToken cancel)
    {
        bool used = false;
        try
        {
            var lab = new LabMachine { Name = machine.Name, Id = machine.Name, Address = machine.Address, Port = machine.Port, Controls = machine.Controls, Tags = _request.Tags, Login = _logins[machine.Name], HostKey = machine.HostKey, Ready = true };
            LabCommand? restore = held.WasUsed ? machine.Controls.Restore : null;
            if (restore is not null)
                await _calls.CallAsync(restore, lab.Request(restore.Name), cancel);
            held.Use();
            await AnswersAsync(lab, restore is not null, cancel);
            var instance = new LabInstance(spec.Id, lab, _calls, spec.Directory, _request.Access, () =>
            {
                held.Dispose();
                return Task.CompletedTask;
            });
            used = true;
            return instance;
        }
        catch (KolaException fault) when (fault is MachineException or PlatformException)
        {
            _aside[machine.Name] = fault.Message.Split('\n')[0];
            _request.Access.Progress.Report($"{machine.Name} is set aside: {fault.Message}");
            return null;
        }
        finally
        {
            if (!used)
                held.Dispose();
        }
    }

    // One that has been restored may be on its way up. One that was idle answers at once, or a test has left it switched off or hanging.
    private async Task AnswersAsync(LabMachine machine, bool restored, CancellationToken cancel)
    {
        LabCommand? power = restored ? null : machine.Controls.Power;
        TimeSpan limit = TimeSpan.FromMinutes(restored || power is not null ? 5 : 1) * _lab.Slowness;
        long start = _request.Access.Clock.GetTimestamp();
        while (true)
        {
            try
            {
                await using IShell shell = await machine.ConnectAsync(machine.Login!, s_login * _lab.Slowness, cancel);
                return;
            }
            catch (MachineException silent) when (silent is not LoginRefusedException && _request.Access.Clock.GetElapsedTime(start) < limit)
            {
                if (power is not null)
                    await _calls.CallAsync(power, machine.Request(power.Name, s_revivals.First(power.Actions.Contains)), cancel);
                power = null;
                await Task.Delay(s_poll, _request.Access.Clock, cancel);
            }
        }
    }
}
