namespace Kola.Ignition;
internal sealed class LegacyConfig
{
    internal LegacyConfig WithKey(string a, string b) => this;
    internal LegacyConfig WithFile(string a, string b, int m) => this;
    internal LegacyConfig WithUnit(string a, string b, bool m) => this;
    internal bool Mentions(string a) => ToString() == a;
    public override string ToString() => "";
    internal static ConfigReading<LegacyConfig> Read(string t) => new(null, []);
}
internal static class ButaneConfig { internal static ConfigReading<IgnitionConfig> Translate(string t, string? d) => new(null, []); }
internal static class ConfigKinds { internal static ConfigKind Of(string t) => t.StartsWith('#') ? ConfigKind.UserData : ConfigKind.Ignition; }
