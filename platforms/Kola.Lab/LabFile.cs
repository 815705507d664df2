using YamlDotNet.Core;

namespace Kola.Labs;

/// <summary>
/// Reads a lab file, whose shape is <c>docs/lab.schema.json</c>:
/// <code>
/// version: 1
/// features: [console]
/// capacity: { machines: 4 }
/// secrets: [RACK_TOKEN]
/// commands:
///   provision: { run: [./provision, --pool, b], timeout: 10m, retries: 2, exits: { quota: [10] } }
///   deprovision: { run: [./deprovision] }
///   power: { run: [./power], actions: [reset, cycle] }
///   console: { run: [conserver, '${id}'] }
/// </code>
/// or, where the machines are there already, <c>machines: [{ name: shelf-1, address: 192.0.2.7, key: ~/.ssh/lab, host-key: 'SHA256:…' }]</c>
/// in the place of provision and deprovision.
/// </summary>
public static class LabFile
{
    /// <summary>Reads a file.</summary>
    /// <exception cref="UsageException">It cannot be read, or something in it is wrong: all of it is named, each with line and column.</exception>
    public static LabOptions Read(string file)
    {
        try
        {
            return Parse(File.ReadAllText(file), file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--{LabDriver.FileOption} {file} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Reads its text.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="file">How it is named in messages; paths in it are relative to its directory.</param>
    /// <exception cref="UsageException">Something in it is wrong: all of it is named, each with line and column.</exception>
    public static LabOptions Parse(string text, string file)
    {
        var problems = new YamlProblems(file);
        LabOptions read = new LabText(problems, Path.GetFullPath(file)).Read(Tree(text, file));
        return problems.All.Count > 0 ? throw new UsageException(string.Join('\n', problems.All)) : read;
    }

    private static YamlValue Tree(string text, string file)
    {
        try
        {
            return YamlValue.Parse(text);
        }
        catch (YamlException wrong)
        {
            throw new UsageException($"{file}:{wrong.Start.Line}:{wrong.Start.Column}: {wrong.Message}\n  wanted:  one YAML document with version and commands, or machines", wrong);
        }
    }
}
