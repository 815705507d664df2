using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Kola.Cli;

/// <summary><c>kola version</c></summary>
internal static class VersionCommand
{
    /// <summary>Version of this kola, with the commit it was built from where the build knew it.</summary>
    internal static string Text { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    internal static Command Create()
    {
        var command = new Command("version", "Prints the version of kola and of what it runs on.");
        command.SetAction(_ => Console.Out.WriteLine($"kola {Text}, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}"));
        return command;
    }
}
