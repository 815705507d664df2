using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kola.Ignition;

namespace Kola.Cli;

/// <summary><c>kola config render --for TEST</c>: what the machines of a test would get, and who put each part there.</summary>
internal static class TestConfigs
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What each machine of a test would get, in the order of its parameters.</summary>
    /// <param name="suite">The suite's assembly; null for the suites that come with kola.</param>
    /// <param name="id">The test.</param>
    /// <param name="role">One of its machines; null for all.</param>
    /// <exception cref="UsageException">No such test, no such machine, or there is an error in a config.</exception>
    internal static IReadOnlyList<TestConfig> Of(string? suite, string id, string? role)
    {
        IReadOnlyList<TestCase> cases = Suites.Open(suite).Explore().Cases;
        TestCase test = cases.FirstOrDefault(t => t.Id == id || t.Formerly == id)
            ?? throw new UsageException($"--for {id}\n  wanted:  a test{(Nearest.To(id, cases.Select(t => t.Id)) is { } near ? $"; did you mean {near}?" : "")}\n  next:    kola list");
        MachineSpec[] machines = [.. test.Machines.Where(m => role is null || m.Name == role)];
        if (machines.Length == 0)
            throw new UsageException($"--machine {role}\n  wanted:  a machine of {test.Id}: {string.Join(", ", test.Machines.Select(m => m.Name))}");
        Neighbourhood? neighbours = Neighbourhood.Of(test.Id, test);
        return [.. machines.Select(machine =>
        {
            string file = machine.ConfigFile ?? "(no config)";
            var config = MachineConfig.Planned(machine, neighbours, $"{test.Id}/{machine.Name}: {file}");
            return new TestConfig(test.Id, machine.Name, config.Ignition, config.UserData, ConfigOrigin.Of(config, file));
        })];
    }

    /// <summary>All of it, for programs.</summary>
    internal static string Json(IReadOnlyList<TestConfig> configs) => new JsonArray([.. configs.Select(c => new JsonObject
    {
        ["test"] = c.Test,
        ["machine"] = c.Machine,
        ["origins"] = JsonSerializer.SerializeToNode(c.Origins, s_json),
        ["config"] = JsonNode.Parse(c.Ignition),
        ["userData"] = c.UserData,
    })]).ToJsonString(s_json);

    /// <summary>Who put each part there, as a person reads it.</summary>
    internal static IEnumerable<string> Origins(TestConfig config)
    {
        int width = Math.Min(60, config.Origins.Select(o => o.Part.Length).DefaultIfEmpty().Max());
        yield return $"{config.Test}/{config.Machine}";
        foreach (ConfigOrigin origin in config.Origins)
            yield return $"  {origin.Part.PadRight(width)}  {origin.From}";
        if (config.UserData is not null)
            yield return $"  {"(user data)".PadRight(width)}  handed over as it is, on a disk labelled config-2";
    }
}

/// <summary>What a machine of a test would get.</summary>
internal sealed record TestConfig(string Test, string Machine, string Ignition, string? UserData, IReadOnlyList<ConfigOrigin> Origins);
