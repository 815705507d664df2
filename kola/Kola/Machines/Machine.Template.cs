using System.Text;
using Kola.Machines;

namespace Kola;

/// <content>Becoming a template, and waking up as a copy of one.</content>
public sealed partial class Machine
{
    /// <summary>
    /// Gives a copy its own identity through the guest channel, logs in and returns when the machine is ready for its test, under a boot id
    /// it shares with its template.
    /// </summary>
    /// <exception cref="PlatformException">The copy does not answer: copying is the harness's doing, not the image's.</exception>
    internal async Task WakeAsync(CloneIdentity identity)
    {
        if (_instance.Channel is not { } channel)
            throw new PlatformException($"{Name}: a copy without a channel cannot be woken up");
        (int ExitCode, string Text)? answer = await BoundAsync(cancel => channel.AskAsync("true", cancel));
        if (answer is not { ExitCode: 0 })
            throw new PlatformException($"{Name}: the copy does not answer\n  wanted:  exit code 0\n  got:     {answer?.Text ?? "nothing"}");
        try
        {
            await BecomeReadyAsync(null);
            foreach ((string path, string content) in identity.Files)
                await UploadAsync(path, new MemoryStream(Encoding.UTF8.GetBytes(content)));
        }
        catch (MachineException fault)
        {
            throw new PlatformException(fault.Message, fault);
        }
    }

    /// <summary>
    /// Brings a ready machine into the state it is to be frozen in: nobody logged in, everything written to disk, and what makes the first
    /// login of a copy cheap begun. No connection is left.
    /// </summary>
    internal async Task<TemplateFacts> SettleAsync(string mac)
    {
        await RunAsync("sync");
        await DisconnectAsync();
        return new TemplateFacts
        {
            PublicKey = _terms.Identity.PublicKey,
            Mac = mac,
            BootId = BootId,
            Version = Version,
            MadeAt = _terms.Time.GetUtcNow(),
            ReadySeconds = Cost.Wall.TotalSeconds,
            ProcessorSeconds = _instance.ProcessorTime?.TotalSeconds,
        };
    }
}
