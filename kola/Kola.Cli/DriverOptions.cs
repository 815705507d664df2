using System.CommandLine;
using Kola.Platforms;

namespace Kola.Cli;

/// <summary>The options platforms have of their own. Of others than qemu they do not stand in --help, which would be long: <c>kola platforms NAME</c> shows them.</summary>
internal sealed class DriverOptions
{
    private const string Shown = "qemu";

    private readonly Option<string[]> _other = new("--platform-option") { Description = "An option of a platform of your own, or of any other: kola platforms NAME shows them. May be repeated.", HelpName = "NAME=VALUE", DefaultValueFactory = _ => [] };
    private readonly List<(IPlatformDriver Driver, PlatformOption Option, Option<string[]> Typed)> _options =
        [.. Drivers.All.SelectMany(driver => driver.Options.Select(option => (driver, option, Typed(driver, option))))];

    internal void AddTo(Command command)
    {
        foreach ((_, _, Option<string[]> typed) in _options)
            command.Add(typed);
        command.Add(_other);
    }

    /// <summary>What was said to a platform.</summary>
    /// <exception cref="UsageException">Something was said to another platform, or what this one does not know.</exception>
    internal PlatformSettings Read(ParseResult parsed, IPlatformDriver driver)
    {
        var values = new Dictionary<string, List<string>>();
        foreach ((IPlatformDriver owner, PlatformOption option, Option<string[]> typed) in _options)
        {
            if (parsed.GetResult(typed) is not { Implicit: false })
                continue;
            if (owner.Name != driver.Name)
                throw new UsageException($"--{option.Name}: an option of {owner.Name}, and the platform is {driver.Name}\n  next:    leave it out, or give --platform {owner.Name}");
            values[option.Name] = [.. parsed.GetValue(typed)!];
        }

        foreach (string pair in parsed.GetValue(_other)!)
        {
            if (pair.Split('=', 2) is not [{ Length: > 0 } name, var value])
                throw new UsageException($"--platform-option {pair}\n  wanted:  NAME=VALUE");
            Take(values, driver, name, value);
        }

        foreach (PlatformOption once in driver.Options.Where(o => !o.Repeatable && values.GetValueOrDefault(o.Name) is { Count: > 1 }))
            throw new UsageException($"--{once.Name}: given {values[once.Name].Count} times\n  wanted:  once");
        return new PlatformSettings(values.ToDictionary(v => v.Key, v => (IReadOnlyList<string>)v.Value));
    }

    private static void Take(Dictionary<string, List<string>> values, IPlatformDriver driver, string name, string value)
    {
        PlatformOption option = driver.Options.FirstOrDefault(o => o.Name == name)
            ?? throw new UsageException($"--platform-option {name}={value}: {driver.Name} has no such option\n  wanted:  {(driver.Options.Count == 0 ? "none, it has no options" : string.Join(", ", driver.Options.Select(o => o.Name)))}");
        if (option.Choices.Count > 0 && !option.Choices.Contains(value))
            throw new UsageException($"--platform-option {name}={value}\n  wanted:  {string.Join(", ", option.Choices)}");
        if (!values.TryGetValue(name, out List<string>? list))
            values.Add(name, list = []);
        list.Add(value);
    }

    private static Option<string[]> Typed(IPlatformDriver driver, PlatformOption option)
    {
        var typed = new Option<string[]>("--" + option.Name) { Description = option.Description, HelpName = option.Choices.Count > 0 ? string.Join("|", option.Choices) : option.Value, Hidden = driver.Name != Shown, Arity = ArgumentArity.OneOrMore };
        if (option.Choices.Count > 0)
            typed.AcceptOnlyFromAmong([.. option.Choices]);
        return typed;
    }
}
