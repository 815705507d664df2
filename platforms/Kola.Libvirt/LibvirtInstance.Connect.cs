using System.Globalization;
using System.Text.RegularExpressions;
using Kola.Libvirt.Bindings;
using Kola.Machines;

namespace Kola.Libvirt;

/// <content>The ways into it.</content>
public sealed partial class LibvirtInstance
{
    /// <inheritdoc/>
    public async Task<IShell> ConnectAsync(SshIdentity identity, CancellationToken cancel)
    {
        TimeSpan limit = s_loginTime * _slowness;
        if (_description.First is not { } card)
            return await ConnectPastNetworkAsync(identity, limit, cancel);
        if (card.Network is not null)
            Address = $"{await FindAddressAsync(card)}:22";
        (string host, int port) = (Address[..Address.LastIndexOf(':')], int.Parse(Address[(Address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
        return await Ssh.ConnectAsync(host, port, identity, limit, cancel);
    }

    private async Task<IShell> ConnectPastNetworkAsync(SshIdentity identity, TimeSpan within, CancellationToken cancel)
    {
        if (!_channel.IsUp)
            throw new MachineException($"{Id}: there is no way in yet\n  wanted:  the guest program of this boot");
        _relay?.Dispose();
        if (await _channel.AskAsync(GuestProgram.ServeSsh, cancel) is not { ExitCode: 0 })
            throw new MachineException($"{Id}: no SSH server at its serial port\n  wanted:  kola-ssh.service");
        _relay = new PortRelay(_ssh!);
        return await Ssh.ConnectAsync("127.0.0.1", _relay.Port, identity, within, cancel);
    }

    private async Task<string> FindAddressAsync(FirstCard card)
    {
        string? address = await LibvirtHost.AskAsync(Id, "looking for its address", () => AddressOf(card));
        return address ?? throw new MachineException($"{Id}: it has no address yet\n  wanted:  a lease of the network \"{card.Network}\" for {card.Mac}");
    }

    private string? AddressOf(FirstCard card)
    {
        using Network network = _host.Connection.FindNetwork(card.Network!);
        IEnumerable<(string Mac, string Address)> known = network.Leases(card.Mac);
        // A network that is only a bridge of the host gives no leases; the host's neighbours are known.
        if (!known.Any())
            known = _domain.Addresses(AddressSource.Neighbours).Where(a => a.Mac == card.Mac);
        return known.Select(k => k.Address).FirstOrDefault(a => !a.Contains(':', StringComparison.Ordinal));
    }

    private static int PortOf(string address) => int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture);

    /// <summary>Port of the forward in the answer of <c>info usernet</c>.</summary>
    internal static int ForwardedPort(string table) => int.Parse(Forward().Match(table).Groups["port"].Value, CultureInfo.InvariantCulture);

    //   TCP[HOST_FORWARD]  12       127.0.0.1 34567       10.0.2.15    22     0     0
    [GeneratedRegex(@"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(?<port>\d+)\s")]
    private static partial Regex Forward();
}
