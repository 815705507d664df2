namespace Kola.Bootcharts;

/// <summary>One boot of a machine, as its journal or its console tells it. Times are seconds since the kernel began.</summary>
public sealed record BootRecord
{
    /// <summary>0 for the first boot in the journal.</summary>
    public int Number { get; init; }

    /// <summary>As <c>/proc/sys/kernel/random/boot_id</c> gives it, without dashes; empty when only the console tells of the boot.</summary>
    public string BootId { get; init; } = "";

    /// <summary>What is not exact, one line each: a console without times of its own, a clock of whole seconds.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>In order, without gaps: firmware, kernel, initramfs, userspace. What the machine does not tell of is left out.</summary>
    public required IReadOnlyList<BootPhase> Phases { get; init; }

    /// <summary>In the order they began.</summary>
    public required IReadOnlyList<BootUnit> Units { get; init; }

    /// <summary>Moments somebody outside waited for: SSH, ready.</summary>
    public IReadOnlyList<BootMark> Marks { get; init; } = [];

    /// <summary>True when systemd has said that the startup is finished.</summary>
    public bool Finished { get; init; }

    /// <summary>When it had finished, or the last that was heard of it.</summary>
    public required double End { get; init; }

    /// <summary>
    /// The units one after another that took the boot its time, last first: each ended last before the next one began. By time alone, since a
    /// journal does not say who waited for whom.
    /// </summary>
    public IReadOnlySet<string> Chain => ChainOf(Units);

    /// <summary>The boot with the time before its kernel, when its machine was started at a known time.</summary>
    /// <param name="started">When the machine was started, by the host's clock.</param>
    /// <param name="zero">When the kernel began, by the guest's.</param>
    /// <param name="marks">Moments by the host's clock.</param>
    internal BootRecord Within(DateTimeOffset started, DateTimeOffset zero, IEnumerable<(string Name, DateTimeOffset At)> marks)
    {
        // Firmware of half an hour is a guest whose clock is wrong.
        double before = (zero - started).TotalSeconds;
        if (before is < -2 or > 1800)
            return this;
        BootPhase[] firmware = before < 0.05 ? [] : [new BootPhase("firmware and boot loader", -before, 0)];
        return this with
        {
            Phases = [.. firmware, .. Phases],
            Marks = [.. marks.Select(m => new BootMark(m.Name, (m.At - zero).TotalSeconds))],
            Notes = [.. Notes, "what lies before the kernel, and the marks, are exact to a second: the guest's clock begins with whole ones"],
        };
    }

    private static HashSet<string> ChainOf(IReadOnlyList<BootUnit> units)
    {
        var chain = new HashSet<string>();
        double before = double.PositiveInfinity;
        // Only what took time: a target is there when the last it waited for is.
        while (units.Where(u => u.End is { } end && end > u.Start && end <= before && !chain.Contains(u.Name)).MaxBy(u => u.End) is { } last)
        {
            chain.Add(last.Name);
            before = last.Start;
        }

        return chain;
    }
}

/// <summary>A part of a boot.</summary>
/// <param name="Name"><c>kernel</c>, <c>initramfs</c> …</param>
/// <param name="Start">Seconds; below 0 for what was before the kernel.</param>
/// <param name="End">Seconds.</param>
public sealed record BootPhase(string Name, double Start, double End);

/// <summary>A moment.</summary>
/// <param name="Name">What happened.</param>
/// <param name="At">Seconds.</param>
public sealed record BootMark(string Name, double At);

/// <summary>One unit's start.</summary>
public sealed record BootUnit
{
    /// <summary>With its suffix: <c>sshd.service</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it was "Starting", or at once "Started".</summary>
    public required double Start { get; init; }

    /// <summary>When it was "Started", "Finished" or "Failed"; null when it was none of it by the end.</summary>
    public double? End { get; init; }

    /// <summary>Whether it failed.</summary>
    public bool Failed { get; init; }
}
