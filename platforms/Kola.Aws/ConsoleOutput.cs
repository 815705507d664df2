using System.Text;
using Amazon.EC2.Model;
using Kola.Clouds;

namespace Kola.Aws;

/// <summary>
/// What EC2 shows of an instance's console: its newest 64 KiB. Instances that are not of the Nitro system show it as it was some minutes after a boot or an end.
/// </summary>
/// <param name="aws">Where the instance is.</param>
/// <param name="instance">Its id.</param>
internal sealed class ConsoleOutput(AwsConnection aws, string instance)
{
    /// <summary>How long to wait before asking again; asked so often, the parts make the whole.</summary>
    internal static TimeSpan Pause { get; } = TimeSpan.FromSeconds(10);

    private bool _latest = true;

    internal async Task<ConsolePart> ReadAsync(CancellationToken cancel)
    {
        try
        {
            GetConsoleOutputResponse shown = await aws.Calls.Running.RunAsync("read a console", Signal.Emulator, c => aws.Ec2.GetConsoleOutputAsync(new GetConsoleOutputRequest(instance) { Latest = _latest }, c), cancel);
            return new ConsolePart(shown.Output is { Length: > 0 } output ? Encoding.UTF8.GetString(Convert.FromBase64String(output)) : "");
        }
        catch (PlatformException unsupported) when (_latest && AwsFault.CodeOf(unsupported) is "UnsupportedOperation" or "InvalidParameterCombination" or "InvalidParameterValue")
        {
            _latest = false;
            return new ConsolePart("");
        }
    }
}
