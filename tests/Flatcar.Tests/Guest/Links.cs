using System.Text.Json.Nodes;

namespace Flatcar.Tests.Guest;

/// <summary>A card of a machine as <c>ip -json address</c> shows it.</summary>
/// <param name="Name"><c>eth1</c>.</param>
/// <param name="Mac">Ethernet address.</param>
/// <param name="Mtu">Bytes.</param>
/// <param name="Addresses">With their lengths, link-local ones left out: <c>198.18.0.1/24</c>. Only those that can be used: duplicate detection is over.</param>
public sealed record CardState(string Name, string Mac, int Mtu, IReadOnlyList<string> Addresses)
{
    internal static CardState Parse(string json)
    {
        JsonNode card = JsonNode.Parse(json)!.AsArray().First(c => c?["ifname"] is not null)!;
        IEnumerable<JsonNode> addresses = card["addr_info"]!.AsArray().Where(a => a?["local"] is not null).Select(a => a!);
        return new CardState(
            card["ifname"]!.GetValue<string>(),
            card["address"]?.GetValue<string>() ?? "",
            card["mtu"]!.GetValue<int>(),
            [.. addresses.Where(a => a["scope"]!.GetValue<string>() != "link" && a["tentative"] is null).Select(a => $"{a["local"]}/{a["prefixlen"]}")]);
    }
}

/// <summary>Cards of a machine, and what networkd does with them.</summary>
public static class Links
{
    extension(Machine machine)
    {
        /// <summary>A card as it is now.</summary>
        public async Task<CardState> CardAsync(string name) => CardState.Parse((await machine.RunAsync($"ip -json address show dev {name}")).Text);

        /// <summary>Waits until a card has an address that begins so, and returns it without its length.</summary>
        public async Task<string> AddressAsync(string card, string prefix, TimeSpan? within = null)
        {
            CardState seen = await machine.WaitForAsync($"an address {prefix}… on {card}", () => machine.CardAsync(card), c => c.Addresses.Any(a => a.StartsWith(prefix, StringComparison.Ordinal)), within ?? TimeSpan.FromSeconds(30));
            return seen.Addresses.First(a => a.StartsWith(prefix, StringComparison.Ordinal)).Split('/')[0];
        }

        /// <summary>Waits until a card has no address that begins so.</summary>
        public Task<CardState> NoAddressAsync(string card, string prefix, TimeSpan? within = null) =>
            machine.WaitForAsync($"no address {prefix}… on {card}", () => machine.CardAsync(card), c => c.Addresses.All(a => !a.StartsWith(prefix, StringComparison.Ordinal)), within ?? TimeSpan.FromSeconds(30));

        /// <summary>What <c>networkctl status</c> says of a card, for a human being.</summary>
        public async Task<string> NetworkStatusAsync(string card) => (await machine.RunAsync($"networkctl --no-pager --lines=0 status {card}")).Text;

        /// <summary>What a name resolves to by the system's own resolver, as <c>resolvectl</c> asks it; empty when it does not.</summary>
        /// <param name="name">The name.</param>
        /// <param name="options">Of resolvectl: <c>--interface=eth1</c>.</param>
        public async Task<string> LookUpAsync(string name, string options = "")
        {
            CommandResult found = await machine.TryRunAsync($"timeout 60 resolvectl {options} --legend=no query {name}");
            // db.kola.test: 198.18.0.9                      -- link: eth1
            return found.ExitCode == 0 ? found.Lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] : "";
        }
    }
}
