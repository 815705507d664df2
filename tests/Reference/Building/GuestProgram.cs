namespace Flatcar.Reference.Building;

/// <summary>A program of the image that is compiled ahead of time from sources in this assembly; kept by their digest.</summary>
/// <param name="Name">Of the executable.</param>
/// <param name="Project">Its project file, as embedded.</param>
/// <param name="Directories">Where its sources are.</param>
internal sealed record GuestProgram(string Name, string Project, IReadOnlyList<string> Directories)
{
    /// <summary>PID 1 of the initramfs.</summary>
    public static GuestProgram Init { get; } = new("init", "Init/Init.csproj", ["Init/", "Gpt/"]);

    /// <summary>The update client.</summary>
    public static GuestProgram UpdateEngine { get; } = new("update_engine", "UpdateEngine/UpdateEngine.csproj", ["UpdateEngine/", "Payloads/", "Gpt/"]);

    /// <summary>Path of the executable. Takes ten seconds, and NuGet's packages of the compiler the first time.</summary>
    public async Task<string> GetAsync(BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var final = cache.Program(Name, Recipe.DigestOf(Directories));
        if (!Directory.Exists(final))
        {
            progress.Report($"the program {Name}");
            var temporary = cache.NewTemporary();
            foreach (var name in Recipe.SourcesIn(Directories))
            {
                var path = Path.Combine(temporary, name);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                await File.WriteAllBytesAsync(path, Recipe.Read(name), cancel);
            }
            // Stops the search for settings above: the sources say everything themselves.
            await File.WriteAllTextAsync(Path.Combine(temporary, "Directory.Build.props"), "<Project />\n", cancel);
            await File.WriteAllTextAsync(Path.Combine(temporary, "Directory.Packages.props"), "<Project />\n", cancel);
            var published = Path.Combine(temporary, "published");
            await Tool.RunAsync(
                [
                    "dotnet", "publish", Path.Combine(temporary, Project), "--configuration", "Release", "--output", published,
                    "--disable-build-servers", "-nodeReuse:false", "-p:RestoreLockedMode=true", "-p:DebugType=none",
                ],
                temporary, cancel);
            File.Delete(Path.Combine(published, Name + ".dbg"));
            BuildCache.Publish(published, final);
        }
        return Path.Combine(final, Name);
    }
}
