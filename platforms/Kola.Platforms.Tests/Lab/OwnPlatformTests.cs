using System.Runtime.Loader;
using CliWrap;
using CliWrap.Buffered;
using Kola.Machines;

namespace Kola.Platforms.Tests.Labs;

/// <summary>docs/platforms/own.md, done as it is written: kola's library is packed, and a platform made against the package in a directory of nobody's.</summary>
public sealed class OwnPlatformTests
{
    private static readonly string s_root = FindRoot();

    [Test]
    public async Task A_platform_of_ones_own_is_built_and_packed_against_the_package_and_is_loaded_by_its_file()
    {
        using var scratch = new Scratch();
        string feed = scratch.New("feed"), own = scratch.New("plain-qemu");
        await DotnetAsync(s_root, "pack", "kola/Kola", "-c", "Release", "--no-build", "-o", feed);
        Assert.That(Directory.GetFiles(feed, "Kola.*.nupkg"), Has.Length.EqualTo(1));

        string page = await File.ReadAllTextAsync(Path.Combine(s_root, "docs/platforms/own.md"));
        await File.WriteAllTextAsync(Path.Combine(own, "Example.PlainQemu.csproj"), page.Split("```xml\n")[1].Split("```")[0]);
        foreach (string source in Directory.GetFiles(Path.Combine(s_root, "platforms/Samples/Kola.Sample.PlainQemu"), "*.cs"))
            File.Copy(source, Path.Combine(own, Path.GetFileName(source)));
        // A cache of its own, since kola's version is the same for every build of it; what else is needed may be there already.
        await File.WriteAllTextAsync(Path.Combine(own, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{scratch.File("packages")}" /></config>
              <fallbackPackageFolders><add key="home" value="{Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget/packages")}" /></fallbackPackageFolders>
              <packageSources><clear /><add key="feed" value="{feed}" /><add key="nuget.org" value="https://api.nuget.org/v3/index.json" /></packageSources>
            </configuration>
            """);
        await DotnetAsync(own, "pack", "-c", "Release");
        Assert.That(File.Exists(Path.Combine(own, "bin/Release/Example.PlainQemu.1.0.0.nupkg")), Is.True);
        Assert.That(File.Exists(Path.Combine(own, "bin/Release/net10.0/Kola.dll")), Is.False, "a driver is of the type of the kola that loads it");

        // As kola does it.
        Type driver = new AssemblyLoadContext("own").LoadFromAssemblyPath(Path.Combine(own, "bin/Release/net10.0/Example.PlainQemu.dll")).GetExportedTypes().Single(t => t.IsAssignableTo(typeof(IPlatformDriver)));
        var made = (IPlatformDriver)Activator.CreateInstance(driver)!;
        Assert.That(made.Name, Is.EqualTo("plain-qemu"));
        PlatformRequest request = Conformance.Request(scratch, TinyGuest.Write(scratch.File("tiny.img")), scratch.File("cache"), ("plain-qemu-program", "no-such-program"));
        Assert.That((await Assert.ThrowsAsync<UsageException>(() => made.OpenAsync(request, CancellationToken.None)))!.Message, Does.StartWith("--plain-qemu-program no-such-program: no such program"));
        Assert.That((await made.FindLeftoversAsync(request.Access, CancellationToken.None)).Where(l => l.Tags.Run == request.Tags.Run), Is.Empty);
        if (BashLab.WhyNot is null)
            await PowerIsKeptAsync(made, Conformance.Request(scratch, request.Image, scratch.File("cache")), scratch);
    }

    // What the kit has found wrong with it once.
    private static async Task PowerIsKeptAsync(IPlatformDriver driver, PlatformRequest request, Scratch scratch)
    {
        InstanceSpec spec = new() { Id = "some.test/machine", Machine = new MachineSpec { Name = "machine" }, Image = request.Image, Directory = scratch.New("machine") };
        await using IPlatform platform = await driver.OpenAsync(request, CancellationToken.None);
        PlatformException refused = (await Assert.ThrowsAsync<PlatformException>(() => platform.StartAsync(spec with { Machine = new MachineSpec { Name = "huge", MemoryMiB = 64 << 20 } }, CancellationToken.None)))!;
        Assert.That(refused.Signal, Is.EqualTo(Signal.Quota));
        await using IInstance machine = await platform.StartAsync(spec, CancellationToken.None);
        await SaysAsync(machine, "kola boot 1");
        await machine.PowerCycleAsync(CancellationToken.None);
        await SaysAsync(machine, "kola boot 2");
        Assert.That(machine.Exited.IsCompleted, Is.False, "the QEMU before the power cycle has ended, and not the machine");
        Assert.That((await driver.FindLeftoversAsync(request.Access, CancellationToken.None)).Count(l => l.Tags.Run == ResourceTags.Clean(request.Tags.Run)), Is.EqualTo(1));
    }

    private static Task SaysAsync(IInstance machine, string text)
    {
        string console = machine.ConsoleFile!;
        return Soon.HoldsAsync(() => File.Exists(console) && File.ReadAllText(console).Contains(text, StringComparison.Ordinal), () => File.Exists(console) ? File.ReadAllText(console) : "no console", TimeSpan.FromSeconds(60));
    }

    private static async Task DotnetAsync(string directory, params string[] arguments)
    {
        BufferedCommandResult done = await Cli.Wrap("dotnet").WithArguments([.. arguments, "--nologo", "-v", "q"]).WithWorkingDirectory(directory)
            .WithEnvironmentVariables(e => e.Set("MSBUILDDISABLENODEREUSE", "1")).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
        Assert.That(done.ExitCode, Is.Zero, $"dotnet {string.Join(' ', arguments)}\n{done.StandardOutput}{done.StandardError}");
    }

    private static string FindRoot()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Flatcar.Testing.sln")))
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("these tests run within the repository");
        return directory;
    }
}
