using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Kola.Qemu;

namespace Kola.Cli;

/// <summary><c>kola cache</c></summary>
internal static class CacheCommand
{
    private const string Schema = "kola.cache/1";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    internal static Command Create(Surroundings surroundings)
    {
        (Command list, Action<Command> print) = List(surroundings);
        var command = new Command("cache", "Shows and clears up what is kept between runs: templates, images, Kubernetes distributions, remembered answers. What a running kola uses is never removed.")
        {
            list,
            Prune(surroundings),
            Clear(surroundings),
        };
        print(command);
        return command;
    }

    // kola cache is kola cache list.
    private static (Command List, Action<Command> AddTo) List(Surroundings surroundings)
    {
        var list = new Command("list", "Tells what is there, what it takes on disk, and when it was used.");
        void AddTo(Command command)
        {
            var json = new Option<bool>("--json") { Description = $"As JSON, schema {Schema}." };
            command.Add(json);
            command.SetAction(async (parsed, cancel) =>
            {
                IReadOnlyList<CacheItem> items = await ContentsOf(surroundings).ListAsync(cancel);
                if (parsed.GetValue(json))
                    Console.Out.WriteLine(JsonSerializer.Serialize(new { Schema, Directory = surroundings.CacheDirectory, Bytes = items.Sum(i => i.Bytes), Items = items }, s_json));
                else
                    CacheText.Write(Console.Out, surroundings.CacheDirectory, items, TimeProvider.System.LocalTimeZone);
            });
        }

        AddTo(list);
        return (list, AddTo);
    }

    private static Command Prune(Surroundings surroundings)
    {
        var limit = new Option<string>("--limit") { Description = "Room templates may keep: 500M, 10G.", HelpName = "SIZE", DefaultValueFactory = _ => $"{QemuCache.DefaultLimit >> 30}G" };
        var age = new Option<string>("--older-than") { Description = "Templates and unpacked images that were not used for so long go: 12h, 30d.", HelpName = "TIME", DefaultValueFactory = _ => "30d" };
        Option<bool> dryRun = DryRun();
        var command = new Command("prune", "Removes templates that are not whole, then the least recently used until the rest is within the limit; reference images and Kubernetes distributions but the newest; unpacked images not used for long.") { limit, age, dryRun };
        command.SetAction(async (parsed, cancel) =>
        {
            long most = Size(parsed.GetValue(limit)!);
            DateTimeOffset since = TimeProvider.System.GetUtcNow() - Age(parsed.GetValue(age)!);
            CacheText.Write(Console.Out, await ContentsOf(surroundings).PruneAsync(most, since, parsed.GetValue(dryRun), cancel), parsed.GetValue(dryRun));
        });
        return command;
    }

    private static Command Clear(Surroundings surroundings)
    {
        Option<bool> dryRun = DryRun();
        var command = new Command("clear", "Removes all but what is in use and the history of costs. The next run builds, unpacks and makes templates anew.") { dryRun };
        command.SetAction(async (parsed, cancel) =>
            CacheText.Write(Console.Out, await ContentsOf(surroundings).ClearAsync(parsed.GetValue(dryRun), cancel), parsed.GetValue(dryRun)));
        return command;
    }

    private static CacheContents ContentsOf(Surroundings surroundings) => new(surroundings.CacheDirectory, TimeProvider.System);

    private static Option<bool> DryRun() => new("--dry-run") { Description = "Tells what would go, and removes nothing." };

    /// <summary>10G, 1.5T, 500M, 2048K, or bytes.</summary>
    /// <exception cref="UsageException">It is none of these.</exception>
    internal static long Size(string text) =>
        Measure(text, ("K", 1L << 10), ("M", 1L << 20), ("G", 1L << 30), ("T", 1L << 40), ("", 1)) is { } bytes and < long.MaxValue
            ? (long)bytes
            : throw new UsageException($"--limit {text}\n  wanted:  a size, as 500M, 10G or 1.5T");

    /// <summary>90m, 12h, 30d.</summary>
    /// <exception cref="UsageException">It is none of these.</exception>
    internal static TimeSpan Age(string text) =>
        Measure(text, ("m", 60), ("h", 3600), ("d", 86400)) is { } seconds and < 3e9
            ? TimeSpan.FromSeconds(seconds)
            : throw new UsageException($"--older-than {text}\n  wanted:  a number and a unit: 90m, 12h, 30d");

    private static double? Measure(string text, params (string Unit, double Worth)[] units)
    {
        string number = text.TrimEnd([.. units.SelectMany(u => u.Unit)]);
        return units.FirstOrDefault(u => number + u.Unit == text) is { Worth: > 0 } unit
            && double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value * unit.Worth
            : null;
    }
}
