namespace Kola.Fake;

/// <summary>What a copy has from the machine that was frozen.</summary>
internal sealed record FakeState(string BootId, int Boots, int BootEntry, IReadOnlyDictionary<string, byte[]> Files, IReadOnlyList<byte[]> Journal);
