namespace Kola.Tests.Reporting;

/// <summary>
/// A file of <c>Golden/</c> that shows, byte for byte, what is written. Set <c>KOLA_BLESS=1</c> to write it anew, and look at the diff.
/// </summary>
internal static class GoldenFile
{
    /// <summary>Root of the sources: where the central package versions are.</summary>
    internal static string Root { get; } = FindRoot();

    internal static void Check(string name, string actual)
    {
        string file = Path.Combine(Root, "kola", "Kola.Tests", "Golden", name);
        if (Environment.GetEnvironmentVariable("KOLA_BLESS") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, actual);
        }

        Assert.That(file, Does.Exist, "set KOLA_BLESS=1 to write it");
        string expected = File.ReadAllText(file);
        if (expected != actual)
            Assert.Fail(Difference(name, expected.Split('\n'), actual.Split('\n')));
    }

    private static string Difference(string name, string[] expected, string[] actual)
    {
        int line = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"""
            Golden/{name}:{line + 1} is not what was written
              wanted:  {(line < expected.Length ? expected[line] : "(the end)")}
              got:     {(line < actual.Length ? actual[line] : "(the end)")}
              next:    KOLA_BLESS=1 dotnet test, when the new text is right
            """;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Directory.Packages.props")))
                return at.FullName;
        }

        throw new DirectoryNotFoundException($"no Directory.Packages.props above {AppContext.BaseDirectory}");
    }
}
