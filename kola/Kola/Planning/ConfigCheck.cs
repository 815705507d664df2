using System.Globalization;
using System.Text;
using Kola.Ignition;

namespace Kola.Planning;

/// <summary>Every config of every test that is to run, rendered as the machine will get it and held against what the image and the platform accept.</summary>
internal sealed class ConfigCheck(Setting setting)
{
    // Tests share configs: what is right once is right for all, whatever machine it is for.
    private readonly Dictionary<(string Text, string? Directory, bool Warnings, bool Fails), string?> _known = [];

    /// <summary>Checks them all.</summary>
    /// <exception cref="UsageException">Some are wrong: the message has every one.</exception>
    internal void Check(IEnumerable<TestCase> tests)
    {
        string[] wrong = [.. tests.SelectMany(Wrong).Distinct()];
        if (wrong.Length > 0)
            throw new UsageException(string.Join('\n', wrong));
    }

    private IEnumerable<string> Wrong(TestCase test)
    {
        string[] unknown = [.. test.Machines.SelectMany(machine => Unknown(test, machine))];
        if (unknown.Length > 0)
            return unknown;
        if (StartOrder.Cycle(test.Machines) is { } ring)
            return [$"{test.Id}: its machines wait for each other: {ring}\n  wanted:  configs that refer to machines which can be started before\n  next:    leave one reference out, or let the test write that address into the machine when both are ready"];
        return test.Machines.Where(m => m.Config is not null).Select(machine => Wrong(test, machine)).OfType<string>();
    }

    private static IEnumerable<string> Unknown(TestCase test, MachineSpec machine)
    {
        foreach (Reference reference in Reference.In(machine.Config))
        {
            string where = $"{SourceOf(test, machine)}:{reference.At}: ${{{reference.Key}}}";
            if (reference.Name == Reference.Files ? Reference.OfFiles.Contains(reference.Member) : reference.Member == Reference.Address && IsOther(reference.Name))
                continue;
            string[] there = [.. test.Machines.Where(m => m.Name != machine.Name).Select(m => $"{m.Name}.{Reference.Address}"), .. Reference.OfFiles.Select(m => $"{Reference.Files}.{m}")];
            string hint = Nearest.To(reference.Key, there) is { } near ? $"\n  next:    did you mean ${{{near}}}? For the text itself write $${{{reference.Key}}}" : $"\n  next:    for the text itself write $${{{reference.Key}}}";
            yield return $"{where} stands for nothing\n  wanted:  one of {string.Join(", ", there.Select(t => $"${{{t}}}"))}{hint}";
        }

        bool IsOther(string name) => name != machine.Name && test.Machines.Any(m => m.Name == name && !m.BootFails);
    }

    private string? Wrong(TestCase test, MachineSpec machine)
    {
        Neighbourhood? neighbours = Neighbourhood.Of(test.Id, test);
        string text = Reference.Resolve(machine.Config!, ReferenceValues.Planned(neighbours));
        (string, string?, bool, bool) key = (text, machine.ConfigDirectory, machine.ConfigWarnings, machine.BootFails);
        if (!_known.TryGetValue(key, out string? wrong))
            _known[key] = wrong = Wrong(machine, neighbours, SourceOf(test, machine));
        return wrong;
    }

    private string? Wrong(MachineSpec machine, Neighbourhood? neighbours, string source)
    {
        try
        {
            MachineConfig config = MachineConfig.Planned(machine, neighbours, source);
            if (!machine.BootFails)
                config.Author.Ignition?.CheckVersion(setting.Image.IgnitionMaximum);
            return WarnedOf(config, machine, source) ?? TooLarge(config, source);
        }
        catch (UsageException wrong)
        {
            return wrong.Message;
        }
    }

    private static string? WarnedOf(MachineConfig config, MachineSpec machine, string source) =>
        machine.ConfigWarnings || machine.BootFails || config.Author.Warnings.Count == 0 ? null
        : string.Join('\n', config.Author.Warnings.Select(w => w.Describe(source))) + "\n  wanted:  a config nobody warns of: what is ignored proves nothing\n  next:    mend it, or say ConfigWarnings = true in its [Spec]";

    private string? TooLarge(MachineConfig config, string source)
    {
        long bytes = Encoding.UTF8.GetByteCount(config.UserData ?? config.Ignition);
        return setting.Limits.ConfigBytes is not { } limit || bytes <= limit ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"{source}: the config is {bytes} bytes with what the harness adds\n  wanted:  at most {limit} bytes, which is what {setting.Platform} takes\n  next:    put the large files, or the whole config, on the harness's server: a source of ${{files.http}}/FILE");
    }

    private static string SourceOf(TestCase test, MachineSpec machine) => $"{test.Id}/{machine.Name}: {machine.ConfigFile}";
}
