using Kola.Machines;
using Kola.Platforms;

namespace Kola.Labs;

/// <summary>A machine of a lab, and how to come to it.</summary>
internal sealed record LabMachine
{
    /// <summary>kola's name of it, or the ready machine's own.</summary>
    internal required string Name { get; init; }

    /// <summary>The lab's name of it; the same for a ready machine.</summary>
    internal required string Id { get; init; }

    /// <summary>Host name or address.</summary>
    internal required string Address { get; init; }

    /// <summary>TCP port of its SSH server.</summary>
    internal required int Port { get; init; }

    /// <summary>What can be done to it.</summary>
    internal required LabControls Controls { get; init; }

    /// <summary>Of the run.</summary>
    internal required ResourceTags Tags { get; init; }

    /// <summary>How its owner logs in; null where the run's key is in it.</summary>
    internal SshIdentity? Login { get; init; }

    /// <summary>Who logs in instead of <c>core</c> with the run's key; null for <c>core</c>.</summary>
    internal string? User { get; init; }

    /// <summary>Fingerprint its SSH server has to show; null for any.</summary>
    internal string? HostKey { get; init; }

    /// <summary>Whether it was there before the run: what its console said before is no business of the test.</summary>
    internal bool Ready { get; init; }

    /// <summary>What a command is told of it.</summary>
    internal LabRequest Request(string action, PowerAction? power = null) =>
        new() { Action = action, Power = power, Machine = Name, Id = Id, Address = Address, Port = Port, Tags = Tags };

    /// <summary>One connection, with its host key held against the pinned one.</summary>
    /// <exception cref="MachineException">Nothing answers, or the login was refused.</exception>
    /// <exception cref="PlatformException">Somebody else answers.</exception>
    internal async Task<IShell> ConnectAsync(SshIdentity identity, TimeSpan timeout, CancellationToken cancel)
    {
        SshIdentity login = identity.IsPassword ? identity : Login ?? (User is { } user && identity.User == "core" ? identity.As(user) : identity);
        IShell shell = await Ssh.ConnectAsync(Address, Port, login, timeout, cancel);
        if (HostKey is null || shell.HostKey == HostKey)
            return shell;
        await shell.DisposeAsync();
        throw new PlatformException(Signal.Host, $"{Name}: {Address}:{Port} has another SSH host key than the lab file says\n  wanted:  {HostKey}\n  got:     {shell.HostKey}\n  next:    is it that machine? Then set host-key anew");
    }
}
