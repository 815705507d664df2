using System.Globalization;
using System.Text;

namespace Kola.Machines;

/// <summary>Every command of a machine with its time, exit code and output, secrets masked: <c>ssh.log</c>.</summary>
internal sealed class CommandLog(string file, Masking masking)
{
    // A journal dump must not fill the artifacts twice.
    private const int MostCharacters = 64 * 1024;

    private readonly Lock _gate = new();

    // 2026-11-22T18:15:00.123Z  exit 0  0.45 s  $ uname -r
    //   6.12.57
    internal void Add(DateTimeOffset at, string command, int? exitCode, string output, string error, TimeSpan elapsed)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}  {(exitCode is { } code ? $"exit {code}" : "lost")}  {elapsed.TotalSeconds:0.00} s  $ {command}\n");
        Indent(text, output, "  ");
        Indent(text, error, "! ");
        try
        {
            lock (_gate)
                File.AppendAllText(file, masking.Mask(text.ToString()));
        }
        catch (IOException full)
        {
            throw new PlatformException(Signal.HostStorage, $"{file} cannot be written: {full.Message}\n  wanted:  room for the evidence of the run", full);
        }
    }

    private static void Indent(StringBuilder text, string lines, string by)
    {
        if (lines.Length == 0)
            return;
        string shown = lines.Length <= MostCharacters ? lines : lines[..MostCharacters] + $"\n… {lines.Length - MostCharacters} more characters";
        foreach (string line in shown.TrimEnd('\n').Split('\n'))
            text.Append(by).Append(line).Append('\n');
    }
}
