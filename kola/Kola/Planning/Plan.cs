using System.Globalization;
using Kola.Discovery;
using Kola.Ignition;
using Kola.Policies;
using Kola.Scheduling;

namespace Kola.Planning;

/// <summary>What a run is going to do. A pure function of what is known before anything boots, so <c>kola plan</c> is exact.</summary>
public sealed record Plan
{
    /// <summary>Every selected test, in the catalog's order. Empty only for a shard that has none.</summary>
    public required IReadOnlyList<PlannedTest> Tests { get; init; }

    /// <summary>Those that are to run.</summary>
    public IEnumerable<TestCase> ToRun => Tests.Where(t => t.Skip is null).Select(t => t.Case);

    /// <summary>Directory whose files the configs of its tests refer to; null when none does.</summary>
    internal string? FilesDirectory => ToRun.SelectMany(t => t.Machines).FirstOrDefault(m => Reference.In(m.Config).Any(r => r.IsFiles))?.FilesDirectory;

    /// <summary>Whether one of its tests updates machines.</summary>
    internal bool NeedsPayloads => ToRun.Any(t => t.Needs.Contains(Feature.UpdatePayload));

    /// <summary>Whether one of its tests asks for an update server.</summary>
    internal bool NeedsOmahaServer => ToRun.Any(t => t.Needs.Contains(Feature.OmahaServer));

    /// <exception cref="UsageException">A config is wrong, a test tolerates what is no check, or the policy contradicts itself.</exception>
    public static Plan For(Catalog catalog, Selection selection, Setting setting)
    {
        PlannedTest[] tests = [.. selection.From(catalog).Select(c => Decide(c, setting, selection))];
        TestCase[] toRun = [.. tests.Where(t => t.Skip is null).Select(t => t.Case)];
        new ConfigCheck(setting).Check(toRun);
        foreach (TestCase test in toRun)
            CheckTolerations(test, setting);
        return new Plan { Tests = tests };
    }

    // What the place cannot offer would not run without the policy either, so that is told first.
    private static PlannedTest Decide(TestCase test, Setting setting, Selection selection)
    {
        PolicyEntry? entry = setting.Policy?.Of(test.Id, test.Formerly, setting.Today);
        Skip? lacking = SkipOf(test, setting, selection);
        bool skipped = lacking is null && entry is { Action: PolicyAction.Skip };
        return new PlannedTest(test, skipped ? new Skip(PolicyWords.SkipReason(entry!), PolicyWords.SkipRemedy(entry!, setting.Policy!.File)) : lacking)
        {
            SkippedByPolicy = skipped,
            Known = entry is { Action: PolicyAction.Known } ? PolicyWords.Known(entry) : null,
            Enforced = entry is { Action: PolicyAction.Enforce },
        };
    }

    private static Skip? SkipOf(TestCase test, Setting setting, Selection selection)
    {
        if (test.Platforms.Count > 0 && !test.Platforms.Contains(setting.Platform))
            return new Skip($"it is bound to {string.Join(", ", test.Platforms)}, this is {setting.Platform}", $"Run with --platform {test.Platforms[0]}.");
        if (test.Architectures.Count > 0 && !test.Architectures.Contains(setting.Image.Architecture))
            return new Skip($"it is bound to {string.Join(", ", test.Architectures)}, the image is {setting.Image.Architecture}", "Run it on an image of that architecture.");
        if (OutOfRange(test, setting.Image) is { } range)
            return range;
        foreach (Feature feature in test.Needs.Concat(Implied(test)).Distinct().Where(f => !setting.Has(f) && !(f is Feature.LongRun or Feature.FullSpeed && selection.Names(test))))
        {
            FeatureFacts facts = FeatureFacts.All[feature];
            return new Skip(facts.Missing, facts.Remedy);
        }

        if (test.Machines.Select(m => Beyond(m, test, setting.Limits)).FirstOrDefault(b => b is not null) is { } beyond)
            return new Skip(beyond, "Run it on qemu.");
        Capacity needed = Capacity.Of(test.Machines);
        // With too few cores it takes longer; that is no reason not to run it.
        return setting.Capacity.HoldsButForCores(needed) ? null : new Skip(
            $"it needs {needed.Machines} machines and {needed.MemoryMiB} MiB at once, there may be {setting.Capacity.Machines} and {setting.Capacity.MemoryMiB} MiB",
            "Raise --jobs or --memory, or run it on a larger host.");
    }

    private static string? Beyond(MachineSpec machine, TestCase test, PlatformLimits limits)
    {
        if (limits.ConfigBytes == 0 && OfItsBoot(machine, test) is { } boot)
            return $"{machine.Name} needs {boot}, and machines here have booted before the run";
        if (machine.Disks.Count > limits.Disks)
            return string.Create(CultureInfo.InvariantCulture, $"{machine.Name} needs {machine.Disks.Count} extra disks, the platform attaches {limits.Disks}");
        if (machine.Disks.FirstOrDefault(d => !limits.Buses.Contains(d.Bus)) is { } disk)
            return $"{machine.Name} needs a disk on {disk.Bus.ToString().ToLowerInvariant()}, the platform has none there";
        int cards = machine.LinksAmong(test.Machines.Count).Count;
        return cards <= limits.Cards ? null : string.Create(CultureInfo.InvariantCulture, $"{machine.Name} needs {cards} cards beside the first, the platform gives {limits.Cards}");
    }

    // What only a first boot for the test can give a machine.
    private static string? OfItsBoot(MachineSpec machine, TestCase test) =>
        machine.Config is not null ? "a config of its own"
        : test.Fresh || machine.BootFails ? "a first boot"
        : machine.User != "core" ? $"a user {machine.User}"
        : machine.Hostname is not null ? "a host name of its own"
        : machine.DiskMiB is not null ? "a boot disk of a given size"
        : machine.Firmware is Firmware.Bios or Firmware.Direct ? "firmware of its own"
        : null;

    // What a spec asks for needs no second word in Needs.
    private static IEnumerable<Feature> Implied(TestCase test)
    {
        if (test.Machines.Count > 1)
            yield return Feature.PrivateNetwork;
        if (test.Machines.Any(m => m.Disks.Count > 0))
            yield return Feature.ExtraDisks;
        if (test.Machines.Any(m => m.Tpm))
            yield return Feature.Tpm;
        if (test.Machines.Any(m => m.Firmware == Firmware.Uefi))
            yield return Feature.Uefi;
        if (test.Machines.Any(m => m.Firmware == Firmware.SecureBoot))
            yield return Feature.SecureBoot;
        if (test.Machines.Any(m => m.NumaNodes > 1))
            yield return Feature.Numa;
        if (test.Machines.Any(m => m.RecordsWrites))
            yield return Feature.WriteRecording;
        if (test.Machines.Any(m => m.BootFails))
            yield return Feature.Console;
        foreach (MachineSpec machine in test.Machines.Where(m => m.Config is not null))
        {
            if (Reference.In(machine.Config).Any(r => r.IsFiles))
                yield return Feature.HarnessFiles;
            switch (AuthorConfig.KindOf(machine.Config!))
            {
                case ConfigKind.LegacyIgnition:
                    yield return Feature.IgnitionV2;
                    break;
                case ConfigKind.UserData:
                    yield return Feature.UserData;
                    break;
            }
        }
    }

    private static Skip? OutOfRange(TestCase test, Image image)
    {
        if (image.Version is not { } text || !TryVersion(text, out Version? version))
            return null;
        if (test.Since is { } since && version < Version.Parse(since))
            return new Skip($"it holds since version {since}, the image is {text}", "Run it on a newer image.");
        if (test.Until is { } until && version >= Version.Parse(until))
            return new Skip($"it held until version {until}, the image is {text}", "Run it on an older image.");
        return null;
    }

    // 4459.0.0+nightly-20260821-2100
    private static bool TryVersion(string text, out Version? version) => Version.TryParse(text.Split('+', '-')[0], out version);

    private static void CheckTolerations(TestCase test, Setting setting)
    {
        foreach (Toleration tolerated in test.Tolerates.Where(t => !setting.Checks.Contains(t.Check)))
            throw new UsageException($"{test.Id} tolerates \"{tolerated.Check}\", which is no check\n  wanted:  one of {string.Join(", ", setting.Checks.Order())}");
    }
}
