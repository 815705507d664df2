using System.Globalization;
using Kola.Machines;

namespace Kola.Bootcharts;

/// <summary>Reads boots out of a journal as it was recorded: <c>journal.export</c>.</summary>
public static class BootJournal
{
    // man systemd.journal-fields; the ids are those of sd-messages.h
    private const string Starting = "7d4958e842da4a758f6c1cdc7b36dcc5";
    private const string Started = "39f53479d3a045ac8e11786248231fbf";
    private const string FailedToStart = "be02cf6855d2428ba40df7e9d022f03d";
    private const string FailedWithResult = "d9b373ed55a64feb8242e02dbe79a49c";
    private const string StartupFinished = "b07a249cd024414a82dd00cd181378ff";

    /// <summary>Every boot in it, in order, with the time by the guest's clock at which its kernel began.</summary>
    /// <param name="export">The file, or a stream of it.</param>
    public static IReadOnlyList<(BootRecord Boot, DateTimeOffset Zero)> Read(Stream export)
    {
        var boots = new List<Fold>();
        var stream = new JournalStream(
            fields =>
            {
                if (fields.GetValueOrDefault("_BOOT_ID") is not { Length: > 0 } id)
                    return;
                Fold? boot = boots.Find(b => b.Id == id);
                if (boot is null)
                    boots.Add(boot = new Fold(id));
                boot.Take(fields);
            });
        byte[] buffer = new byte[64 * 1024];
        for (int got = export.Read(buffer); got > 0; got = export.Read(buffer))
            stream.Feed(buffer.AsSpan(0, got));
        return [.. boots.Select((boot, number) => (boot.Finish(number), boot.Zero))];
    }

    private sealed class Fold(string id)
    {
        private readonly Dictionary<string, BootUnit> _units = [];
        private double? _init;
        private double? _switched;
        private double? _running;
        private bool _initrdSystemd;
        private double _last;
        private IReadOnlyDictionary<string, string>? _finished;
        private double _finishedAt;

        internal string Id => id;

        internal DateTimeOffset Zero { get; private set; }

        internal void Take(IReadOnlyDictionary<string, string> fields)
        {
            if (Microseconds(fields, "__MONOTONIC_TIMESTAMP") is not { } monotonic)
                return;
            if (Zero == default && Microseconds(fields, "__REALTIME_TIMESTAMP") is { } real)
                Zero = DateTimeOffset.UnixEpoch.AddMicroseconds(real - monotonic);
            double at = TimeOf(fields, monotonic);
            if (_finished is null)
                _last = Math.Max(_last, at);
            string message = fields.GetValueOrDefault("MESSAGE", "");
            string who = fields.GetValueOrDefault("SYSLOG_IDENTIFIER", "");
            if (who == "kernel" && message.StartsWith("Run /", StringComparison.Ordinal))
                _init ??= at;
            // systemd says it, and so do other programs that do the same job.
            if (message.StartsWith("switching root", StringComparison.OrdinalIgnoreCase))
                _switched = at;
            // Only the first process tells of the machine; a user's systemd tells of its own.
            if (who != "systemd" || fields.GetValueOrDefault("_PID", "1") != "1")
                return;
            if (message.Contains(" running in system mode", StringComparison.Ordinal))
                _running = at;
            _initrdSystemd |= message == "Running in initrd.";
            TakeUnit(fields, at);
        }

        internal BootRecord Finish(int number)
        {
            double end = _finished is null ? _last : _finishedAt;
            return new BootRecord
            {
                Number = number,
                BootId = id,
                Phases = [.. Phases(end)],
                Units = [.. _units.Values.Where(u => u.Start <= end && IsShown(u)).Select(u => u.End > end ? u with { End = null } : u).OrderBy(u => u.Start).ThenBy(u => u.Name, StringComparer.Ordinal)],
                Finished = _finished is not null,
                End = end,
            };
        }

        // What is there at once and never fails says nothing about time. Milestones do.
        private static bool IsShown(BootUnit unit) => unit.Failed || unit.End is not { } end || end > unit.Start || Path.GetExtension(unit.Name) is ".target" or ".service";

        private void TakeUnit(IReadOnlyDictionary<string, string> fields, double at)
        {
            string what = fields.GetValueOrDefault("MESSAGE_ID", "");
            if (what == StartupFinished)
            {
                // A second one is a daemon that was told to start again.
                if (_finished is null)
                    (_finished, _finishedAt) = (new Dictionary<string, string>(fields), at);
                return;
            }

            if (fields.GetValueOrDefault("UNIT") is not { Length: > 0 } name)
            {
                // Before there is a journal systemd writes to the kernel's log, and there is nothing but the text.
                if (fields.GetValueOrDefault("_TRANSPORT") != "kernel" || BootConsole.Unit().Match(fields.GetValueOrDefault("MESSAGE", "")) is not { Success: true, Groups: var groups })
                    return;
                name = groups["name"].Value;
                what = groups["how"].Value == "Starting" ? Starting : BootConsole.IsFailure(groups["how"].Value) ? FailedToStart : Started;
            }

            BootUnit? known = _units.GetValueOrDefault(name);
            switch (what)
            {
                // In the initramfs and again after it: the later start is drawn.
                case Starting:
                    if (known is null || known.End is not null && at < (_finished is null ? double.PositiveInfinity : _finishedAt))
                        _units[name] = new BootUnit { Name = name, Start = at };
                    break;
                case Started when known?.End is null:
                    _units[name] = (known ?? new BootUnit { Name = name, Start = at }) with { End = at };
                    break;
                case FailedToStart when known is null or { Failed: false }:
                    _units[name] = (known is { End: null } ? known : new BootUnit { Name = name, Start = at }) with { End = at, Failed = true };
                    break;
                // One that had started and has ended badly since.
                case FailedWithResult:
                    _units[name] = (known ?? new BootUnit { Name = name, Start = at }) with { End = known?.End ?? at, Failed = true };
                    break;
            }
        }

        private IEnumerable<BootPhase> Phases(double end)
        {
            double? kernel = Seconds("KERNEL_USEC");
            double? initrd = Seconds("INITRD_USEC");
            // Its own account, where it gives one: kernel is what was before the first systemd, whichever that was.
            double? userspace = kernel + initrd ?? (kernel ?? _switched ?? (_initrdSystemd ? null : _running));
            double? init = initrd is null ? _init : kernel ?? _init;
            double kernelEnd = init ?? userspace ?? end;
            yield return new BootPhase("kernel", 0, kernelEnd);
            if (init is { } began && (userspace ?? end) > began)
                yield return new BootPhase("initramfs", began, userspace ?? end);
            if (userspace is { } space && end > space)
                yield return new BootPhase("userspace", space, end);
        }

        private double? Seconds(string field) => _finished is null ? null : Microseconds(_finished, field) / 1e6;

        // When it happened, not when journald got to it: at the beginning of a boot that is seconds later.
        private static double TimeOf(IReadOnlyDictionary<string, string> fields, long monotonic)
        {
            if (Microseconds(fields, "_SOURCE_MONOTONIC_TIMESTAMP") is { } source)
                return source / 1e6;
            return Microseconds(fields, "_SOURCE_REALTIME_TIMESTAMP") is { } sent && Microseconds(fields, "__REALTIME_TIMESTAMP") is { } taken && taken - sent is > 0 and < 60_000_000 and var late && late <= monotonic
                ? (monotonic - late) / 1e6
                : monotonic / 1e6;
        }

        private static long? Microseconds(IReadOnlyDictionary<string, string> fields, string name) =>
            long.TryParse(fields.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;
    }
}
