using System.Text.Json;

namespace Flatcar.Tests.Guest;

/// <summary>LUKS volumes.</summary>
public static class Luks
{
    extension(Machine machine)
    {
        /// <summary>The header of a LUKS2 volume.</summary>
        public async Task<LuksHeader> LuksAsync(string device) =>
            LuksHeader.Parse((await machine.RunAsync($"sudo cryptsetup luksDump --dump-json-metadata {Machine.Quote(device)}")).Text);

        /// <summary>Whether a text stands in the first <paramref name="mebibytes"/> MiB of a device as it is.</summary>
        public async Task<bool> ShowsAsync(string device, string text, int mebibytes)
        {
            // grep's 1 is "no"; 2 would be an error, which is no answer.
            CommandResult found = await machine.TryRunAsync($"sudo head -c {mebibytes}M {Machine.Quote(device)} | grep -qaF {Machine.Quote(text)}");
            return found.ExitCode switch
            {
                0 => true,
                1 => false,
                _ => throw new MachineException($"{machine.Name}: {device} cannot be searched: {found.Error}"),
            };
        }
    }

    /// <summary>What a volume can be opened by.</summary>
    /// <param name="Slots">Numbers of the key slots in use.</param>
    /// <param name="Tokens">By what a key is found elsewhere.</param>
    public sealed record LuksHeader(IReadOnlyList<int> Slots, IReadOnlyList<LuksToken> Tokens)
    {
        // {"keyslots": {"1": {"type":"luks2", …}}, "tokens": {"0": {"type":"clevis", "keyslots":["1"], "jwe": {…}}}, "segments": {…}, …}
        internal static LuksHeader Parse(string json)
        {
            using var document = JsonDocument.Parse(json);
            return new LuksHeader(
                [.. document.RootElement.GetProperty("keyslots").EnumerateObject().Select(slot => int.Parse(slot.Name)).Order()],
                [.. document.RootElement.GetProperty("tokens").EnumerateObject().Select(token => new LuksToken(
                    token.Value.GetProperty("type").GetString()!,
                    [.. token.Value.GetProperty("keyslots").EnumerateArray().Select(slot => int.Parse(slot.GetString()!))],
                    token.Value.TryGetProperty("tpm2-pcrs", out JsonElement pcrs) ? [.. pcrs.EnumerateArray().Select(pcr => pcr.GetInt32())] : []))]);
        }
    }

    /// <summary>A token of a volume.</summary>
    /// <param name="Type"><c>clevis</c> or <c>systemd-tpm2</c>.</param>
    /// <param name="Slots">Key slots it opens.</param>
    /// <param name="Pcrs">Registers of the TPM it is bound to; none for clevis, whose token is sealed.</param>
    public sealed record LuksToken(string Type, IReadOnlyList<int> Slots, IReadOnlyList<int> Pcrs);
}
