using System.CommandLine;

namespace Kola.Cli;

/// <summary><c>kola config check | render | diff</c></summary>
internal static class ConfigCommand
{
    internal static Command Create() => new("config", "Checks, renders and compares configs of machines: Butane, Ignition of any spec, cloud-config. Boots nothing.")
    {
        ConfigCheckCommand.Create(),
        ConfigRenderCommand.Create(),
        ConfigDiffCommand.Create(),
    };

    /// <summary>Where Butane looks for local files.</summary>
    internal static Option<string?> FilesDirectory() => new("--files-dir", "-d")
    {
        Description = "Where a Butane config's local files and trees are. Default: the directory of the config.",
        HelpName = "DIR",
    };
}
