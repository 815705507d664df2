namespace Flatcar.Reference.UpdateEngine;

/// <summary>Says of the slot that runs that it is good: no tries needed, and the first to be booted.</summary>
internal static class GoodRoot
{
    private const string Cgpt = "/usr/bin/cgpt";

    /// <summary>0, or the exit code of the cgpt that failed.</summary>
    public static async Task<int> MarkAsync(Slot slot, CancellationToken cancel)
    {
        var number = slot.Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        foreach (var command in (string[][])[["repair", slot.Disk], ["add", "-i", number, "-S1", "-T0", slot.Disk], ["prioritize", "-i", number, slot.Disk]])
        {
            var code = await ChildProgram.RunAsync(Cgpt, command, cancel);
            if (code != 0)
            {
                Log.Error($"cgpt {string.Join(' ', command)} ended with {code}");
                return code;
            }
        }
        Native.Sync();
        return 0;
    }
}
