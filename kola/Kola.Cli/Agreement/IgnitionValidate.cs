using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace Kola.Cli.Agreement;

/// <summary>Debian's <c>ignition-validate</c>, and what it says.</summary>
internal static partial class IgnitionValidate
{
    private const string Program = "ignition-validate";

    /// <summary>Its version; null when it is not here.</summary>
    internal static async Task<string?> VersionAsync(CancellationToken cancel)
    {
        try
        {
            BufferedCommandResult result = await CliWrap.Cli.Wrap(Program).WithArguments("-version").WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Encoding.UTF8, cancel);
            return result.StandardOutput.Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Asks it about a config.</summary>
    internal static async Task<Verdict> AskAsync(string config, CancellationToken cancel)
    {
        BufferedCommandResult result = await CliWrap.Cli.Wrap(Program).WithArguments("-").WithStandardInputPipe(PipeSource.FromString(config, new UTF8Encoding(false)))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Encoding.UTF8, cancel);
        return Read(result.StandardOutput, result.StandardError, result.ExitCode != 0);
    }

    /// <summary>Reads its output.</summary>
    internal static Verdict Read(string output, string errors, bool refused)
    {
        var remarks = new List<string>();
        bool malformed = false;
        foreach (Match match in Said().Matches(output))
        {
            int? line = match.Groups["line"].Success ? int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture) : null;
            malformed |= !match.Groups["path"].Success;
            remarks.Add(Verdict.Remark(match.Groups["kind"].Value == "error", line, match.Groups["path"].Value, match.Groups["message"].Value.Trim()));
        }

        if (Unread().Match(errors) is { Success: true } unread)
        {
            malformed |= unread.Groups["why"].Value.StartsWith("not a config", StringComparison.Ordinal);
            remarks.Add(Verdict.Remark(error: true, null, "$.ignition.version", unread.Groups["why"].Value.Trim()));
        }

        return new Verdict(refused, malformed, malformed ? [] : [.. remarks.Order(StringComparer.Ordinal)]);
    }

    // error at $.storage.files.0.path, line 1 col 2: path not absolute
    // warning at $.bogus: Unused key bogus
    // error at line 1 col 43: json: cannot unmarshal array into Go struct field Config.passwd of type types.Passwd
    [GeneratedRegex("""^(?<kind>error|warning) at (?:(?<path>\$.*?)(?:, line (?<line>\d+) col \d+)?|line \d+ col \d+): (?<message>[\s\S]*?)(?=\n(?:error|warning) at |\n*\z)""", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Said();

    // couldn't parse config: unsupported config version
    [GeneratedRegex("^couldn't parse config: (?<why>.*)", RegexOptions.ExplicitCapture)]
    private static partial Regex Unread();
}
