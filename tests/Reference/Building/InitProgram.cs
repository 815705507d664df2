using System.Runtime.InteropServices;

namespace Flatcar.Reference.Building;

/// <summary>Compiles the initramfs' init ahead of time; kept by the digest of its sources.</summary>
internal static class InitProgram
{
    /// <summary>Path of the executable. Takes ten seconds, and NuGet's packages of the compiler the first time.</summary>
    public static async Task<string> GetAsync(BuildCache cache, IProgress<string> progress, CancellationToken cancel)
    {
        var final = cache.Init(Recipe.InitDigest());
        if (!Directory.Exists(final))
        {
            progress.Report("init of the initramfs");
            var temporary = cache.NewTemporary();
            foreach (var name in Recipe.InitSources)
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
                    "dotnet", "publish", Path.Combine(temporary, "Init/Init.csproj"), "--configuration", "Release", "--output", published,
                    "--disable-build-servers", "-nodeReuse:false", "-p:RestoreLockedMode=true", "-p:DebugType=none",
                ],
                temporary, cancel);
            File.Delete(Path.Combine(published, "init.dbg"));
            BuildCache.Publish(published, final);
        }
        return Path.Combine(final, "init");
    }

    /// <summary>Only the architecture of this host is built.</summary>
    public static void CheckArchitecture()
    {
        if (RuntimeInformation.OSArchitecture == Architecture.X64)
            return;
        throw ReferenceImageException.Of(
            "it is built for amd64 only", "an x86-64 host", RuntimeInformation.OSArchitecture.ToString(), "build it elsewhere and copy the directory");
    }
}
