using System.Text;
using Kola.Ignition;

namespace Kola.Fuzz;

/// <summary>What is fuzzed: everything that reads a config a person wrote. Whatever the text, nothing is thrown, and some things hold.</summary>
internal static class ConfigTarget
{
    /// <summary>Reads bytes as text, a byte order mark left in it, and <see cref="Try(string)"/>s that.</summary>
    internal static void Try(Stream bytes)
    {
        using var reader = new StreamReader(bytes, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: false, leaveOpen: true);
        Try(reader.ReadToEnd());
    }

    /// <summary>Reads a text in each language and uses what comes of it.</summary>
    /// <exception cref="FuzzingException">Something that always holds does not.</exception>
    internal static void Try(string text)
    {
        try
        {
            ConfigKinds.Of(text);
        }
        catch (UsageException)
        {
            // Its answer to what is no config at all.
        }

        Use(Checked(IgnitionConfig.Read(text)));
        Use(Checked(ButaneConfig.Translate(text, null)));
        if (Checked(LegacyConfig.Read(text)) is { } legacy)
        {
            _ = legacy.WithKey("core", "k").WithFile("/a", "b").WithUnit("a.service", "[Unit]", true).ToString();
            Use(Checked(legacy.Translate()));
        }
    }

    private static void Use(IgnitionConfig? config)
    {
        if (config is null)
            return;
        string rendered = config.ToString();
        if (IgnitionConfig.Read(rendered).Config?.ToString() != rendered)
            throw new FuzzingException("a config that was read and rendered reads otherwise");
        if (ConfigDiff.Of(config, config).Changes.Count > 0)
            throw new FuzzingException("a config differs from itself");
        string additional = config.MergedWith(IgnitionConfig.Empty).ToString();
        if (additional != rendered)
            throw new FuzzingException("a config merged with nothing is another");
        _ = ConfigDiff.Of(config, config.MergedWith(config).WithKey("core", "k")).ToString();
    }

    private static T? Checked<T>(ConfigReading<T> reading)
        where T : class
    {
        if (reading.Config is null != reading.Errors.Any())
            throw new FuzzingException("a reading has a config and errors, or neither");
        _ = string.Join('\n', reading.Problems.Select(p => p.Describe("x")));
        return reading.Config;
    }
}

/// <summary>Something that always holds does not.</summary>
internal sealed class FuzzingException(string message) : Exception(message);
