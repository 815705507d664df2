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
    internal Task WakeAsync(CloneIdentity identity) => throw new NotSupportedException("not yet");

    /// <summary>
    /// Brings a ready machine into the state it is to be frozen in: nobody logged in, everything written to disk, and what makes the first
    /// login of a copy cheap begun. No connection is left.
    /// </summary>
    internal Task<TemplateFacts> SettleAsync(string mac) => throw new NotSupportedException("not yet");
}
