using YamlDotNet.Core;

namespace Kola.Ignition;

/// <summary>Tells the languages of configs apart, by what they begin with and what they hold: as Ignition and coreos-cloudinit do.</summary>
public static class ConfigKinds
{
    private static readonly string[] s_containerLinux = ["etcd", "flannel", "docker", "locksmith", "update", "systemd", "networkd", "storage", "passwd", "ignition"];

    /// <summary>The language of a text.</summary>
    /// <exception cref="UsageException">It is empty, a Container Linux Config, or none of them.</exception>
    public static ConfigKind Of(string text)
    {
        string config = text.TrimStart('\uFEFF');
        if (string.IsNullOrWhiteSpace(config))
            throw new UsageException("the config is empty\n  wanted:  Butane with variant and version, Ignition JSON, or user data that begins with #cloud-config, #! or Content-Type: multipart/");
        if (UserData.Is(config))
            return ConfigKind.UserData;
        if (config.TrimStart()[0] == '{' && JsonText.Read(config).Config is { } json)
            return OfJson(json);
        return OfYaml(config);
    }

    private static ConfigKind OfJson(ObjectNode json) =>
        json["variant"] is not null && json["ignition"] is not ObjectNode ? ConfigKind.Butane
        : json["ignitionVersion"] is not null || LegacyConfig.MajorOf(json) == 2 ? ConfigKind.LegacyIgnition
        : ConfigKind.Ignition;

    private static ConfigKind OfYaml(string config)
    {
        bool braces = config.TrimStart()[0] == '{';
        YamlValue root;
        try
        {
            root = YamlValue.ParseFirst(config, ButaneConfig.Deepest);
        }
        catch (YamlException wrong)
        {
            // Whoever begins with a brace, or names a variant, is told more by the reader of that language.
            if (braces)
                return ConfigKind.Ignition;
            if (config.Split('\n').Any(line => line.StartsWith("variant:", StringComparison.Ordinal)))
                return ConfigKind.Butane;
            throw Unknown($"neither JSON nor YAML: {ButaneConfig.PlaceOf(wrong)}: {wrong.Message.ReplaceLineEndings(" ")}", wrong);
        }

        string[] keys = [.. (root.Members ?? []).Select(m => m.Key.Scalar).OfType<string>()];
        if (keys.Contains("variant"))
            return ConfigKind.Butane;
        if (braces)
            return ConfigKind.Ignition;
        if (keys.Length == 0)
            throw Unknown("no config of any language", null);
        if (keys.All(s_containerLinux.Contains))
            throw new UsageException("a Container Linux Config, which no image takes any more\n  wanted:  Butane: the same with variant: flatcar and version: 1.0.0 before it, and its keys as flatcar has them");
        throw Unknown(Nearest.To(keys[0], ["variant"]) is not null ? $"YAML without variant; {keys[0]} is near it" : $"YAML without variant, with {keys[0]}", null);
    }

    private static UsageException Unknown(string what, Exception? cause) =>
        new($"{what}\n  wanted:  Butane with variant and version, Ignition JSON, or user data that begins with #cloud-config, #! or Content-Type: multipart/", cause);
}
