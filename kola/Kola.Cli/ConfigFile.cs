using System.Text;
using Kola.Ignition;

namespace Kola.Cli;

/// <summary>A config as it is given on the command line: a file of any of the languages, read and held against its rules.</summary>
internal sealed record ConfigFile
{
    /// <summary>Largest file that is read, bytes: far more than any platform hands a machine.</summary>
    internal const long Largest = 64L * 1024 * 1024;

    /// <summary>What means standard input.</summary>
    internal const string StandardInput = "-";

    /// <summary>As it is named in messages.</summary>
    internal required string Name { get; init; }

    /// <summary>As it was written.</summary>
    internal string Text { get; private init; } = "";

    /// <summary>Null when it is of none.</summary>
    internal ConfigKind? Kind { get; private init; }

    /// <summary>What Ignition 3 or Butane mean; null of the others, and when there is an error.</summary>
    internal IgnitionConfig? Ignition { get; private init; }

    /// <summary>Ignition 1 or 2; null of the others, and when there is an error.</summary>
    internal LegacyConfig? Legacy { get; private init; }

    /// <summary>In the order they stand in the file.</summary>
    internal IReadOnlyList<ConfigProblem> Problems { get; private init; } = [];

    /// <summary>Whether it would be refused.</summary>
    internal bool IsWrong => Problems.Any(p => p.Severity == ProblemSeverity.Error);

    /// <summary>Its language and spec, for a person: <c>Ignition 3.4.0, of Butane</c>.</summary>
    internal string Language => Kind switch
    {
        ConfigKind.Butane => Ignition is null ? "Butane" : $"Butane for Ignition {Ignition.Version}",
        ConfigKind.Ignition => Ignition is null ? "Ignition" : $"Ignition {Ignition.Version}",
        ConfigKind.LegacyIgnition => Legacy is null ? "Ignition" : $"Ignition {Legacy.Version}",
        ConfigKind.UserData => "user data",
        _ => "no config",
    };

    /// <summary>The same with a problem more.</summary>
    internal ConfigFile With(ConfigProblem problem) => this with { Problems = [problem, .. Problems] };

    /// <summary>Reads a file. What is wrong with the file, and with what it holds, is among the problems.</summary>
    /// <param name="file">A path, or <see cref="StandardInput"/>.</param>
    /// <param name="filesDirectory">Where Butane looks for local files; null for the file's own directory.</param>
    internal static ConfigFile Read(string file, string? filesDirectory)
    {
        string name = file == StandardInput ? "(stdin)" : file;
        try
        {
            string text = file == StandardInput ? Console.In.ReadToEnd() : Content(file);
            string? directory = filesDirectory ?? (file == StandardInput ? null : Path.GetDirectoryName(Path.GetFullPath(file)));
            return Of(name, text, directory);
        }
        catch (UsageException wrong)
        {
            string[] lines = wrong.Message.Split("\n  wanted:  ", 2);
            return new ConfigFile { Name = name, Problems = [new ConfigProblem(ProblemSeverity.Error, "$", null, lines[0], lines.Length > 1 ? lines[1] : null)] };
        }
    }

    private static ConfigFile Of(string name, string text, string? directory)
    {
        // What a reference stands for only the run knows: here, what a plan reckons with.
        string resolved = Reference.Resolve(text, Planned(text));
        ConfigKind kind = ConfigKinds.Of(resolved);
        var file = new ConfigFile { Name = name, Text = text, Kind = kind };
        switch (kind)
        {
            case ConfigKind.UserData:
                return file with { Problems = UserData.Check(resolved) };
            case ConfigKind.LegacyIgnition:
                ConfigReading<LegacyConfig> legacy = LegacyConfig.Read(resolved);
                return file with { Legacy = legacy.Config, Problems = legacy.Problems };
            default:
                ConfigReading<IgnitionConfig> ignition = kind == ConfigKind.Butane ? ButaneConfig.Translate(resolved, directory) : IgnitionConfig.Read(resolved);
                return file with { Ignition = ignition.Config, Problems = ignition.Problems };
        }
    }

    private static Dictionary<string, string> Planned(string text)
    {
        var values = ReferenceValues.Planned(null).ToDictionary();
        foreach (Reference reference in Reference.In(text).Where(r => !r.IsFiles && r.Member == Reference.Address))
            values[reference.Key] = new Uri(values["files.http"]).Host;
        return values;
    }

    private static string Content(string file)
    {
        try
        {
            if (Directory.Exists(file))
                throw new UsageException("a directory\n  wanted:  a file");
            if (!File.Exists(file))
                throw new UsageException("no such file\n  wanted:  a Butane, Ignition or cloud-config file");
            if (!UnixFile.IsRegular(Path.GetFullPath(new FileInfo(file).ResolveLinkTarget(true)?.FullName ?? file)))
                throw new UsageException("no regular file\n  wanted:  a file, or - for standard input");
            if (new FileInfo(file).Length is var bytes and > Largest)
                throw new UsageException(FormattableString.Invariant($"{bytes} bytes\n  wanted:  at most {Largest} bytes; no platform takes a tenth of that"));
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file));
        }
        catch (DecoderFallbackException wrong)
        {
            throw new UsageException(FormattableString.Invariant($"no text: byte {wrong.Index} is no UTF-8\n  wanted:  a Butane, Ignition or cloud-config file"), wrong);
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"cannot be read: {wrong.Message}\n  wanted:  a readable file", wrong);
        }
    }
}
