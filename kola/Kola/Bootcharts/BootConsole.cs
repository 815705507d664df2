using System.Globalization;
using System.Text.RegularExpressions;
using Kola.Reporting;

namespace Kola.Bootcharts;

/// <summary>
/// Reads a boot out of a console, where there is no journal: a machine that hung before it could send one. systemd's lines there have no times of
/// their own; they get that of the kernel's last line before them.
/// </summary>
public static partial class BootConsole
{
    /// <summary>Every boot on it, in order; none when neither kernel nor systemd wrote to it.</summary>
    /// <param name="console">The console's text, escape sequences and all.</param>
    public static IReadOnlyList<BootRecord> Read(string console)
    {
        var boots = new List<Fold>();
        foreach (string raw in console.Split('\n'))
        {
            string line = PlainText.Clean(raw).TrimEnd();
            (double? at, string text) = Stamped().Match(line) is { Success: true, Groups: var groups }
                ? (double.Parse(groups["at"].Value, CultureInfo.InvariantCulture), groups["text"].Value)
                : ((double?)null, line);
            if (boots.Count == 0 || text.StartsWith("Linux version ", StringComparison.Ordinal))
                boots.Add(new Fold());
            boots[^1].Take(at, text);
        }

        return [.. boots.Where(b => b.HasSpoken).Select((boot, number) => boot.Finish(number))];
    }

    internal static bool IsFailure(string how) => how is "Failed to start" or "Failed to mount" or "Dependency failed for";

    private sealed class Fold
    {
        private readonly Dictionary<string, BootUnit> _units = [];
        private double _now;
        private double? _init;
        private double? _switched;

        internal bool HasSpoken { get; private set; }

        internal void Take(double? at, string text)
        {
            HasSpoken |= at is not null;
            _now = Math.Max(_now, at ?? 0);
            if (text.StartsWith("Run /", StringComparison.Ordinal))
                _init ??= _now;
            if (text.Contains("witching root", StringComparison.Ordinal))
                _switched = _now;
            if (Unit().Match(text) is not { Success: true, Groups: var groups })
                return;
            HasSpoken = true;
            string name = groups["name"].Value;
            BootUnit? known = _units.GetValueOrDefault(name);
            if (groups["how"].Value == "Starting")
                _units[name] = new BootUnit { Name = name, Start = _now };
            else if (known is null or { End: null })
                _units[name] = (known ?? new BootUnit { Name = name, Start = _now }) with { End = _now, Failed = IsFailure(groups["how"].Value) };
        }

        internal BootRecord Finish(int number) => new()
        {
            Number = number,
            Phases = [.. Phases()],
            Units = [.. _units.Values.OrderBy(u => u.Start).ThenBy(u => u.Name, StringComparer.Ordinal)],
            End = _now,
            Notes = ["from the console: systemd's lines there have the time of the kernel's last line before them"],
        };

        private IEnumerable<BootPhase> Phases()
        {
            yield return new BootPhase("kernel", 0, _init ?? _switched ?? _now);
            if (_init is { } init)
                yield return new BootPhase("initramfs", init, _switched ?? _now);
            if (_switched is { } space)
                yield return new BootPhase("userspace", space, _now);
        }
    }

    // [    2.613666] Run /init as init process
    [GeneratedRegex(@"^\[\s*(?<at>\d+\.\d+)\] (?<text>.*)$")]
    internal static partial Regex Stamped();

    // Colours are gone by now. The name stands alone, or before its description, as StatusUnitFormat= has it.
    // [FAILED] Failed to start foo.service - A service of ours.
    [GeneratedRegex(@"^(?:systemd\[1\]: |\[(?:  OK  |FAILED|DEPEND)\] |\s*)(?<how>Starting|Started|Finished|Mounted|Reached target|Listening on|Failed to start|Failed to mount|Dependency failed for) (?<name>\S.*?)(?: - .*)?(?:\.\.\.|\.|…)?$")]
    internal static partial Regex Unit();
}
