using System.Diagnostics;
using Kola.Libvirt;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>A libvirtd of the tests' own, made by <c>scripts/libvirtd</c> from what Debian's packages bring.</summary>
internal sealed class LibvirtServer : IDisposable
{
    private const string Remedy = "apt-get install libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86 swtpm-tools ovmf, and be root";
    private static readonly Lazy<LibvirtServer> s_shared = new(() => new LibvirtServer());
    private readonly string _directory = Directory.CreateTempSubdirectory("kola-lv-").FullName;

    private LibvirtServer() => Uri = Run("start").Trim();

    /// <summary>Why there is none here, with a remedy; null when there is.</summary>
    public static string? WhyNot { get; } = File.Exists("/usr/sbin/libvirtd") && File.Exists("/usr/bin/qemu-system-x86_64") && Environment.IsPrivilegedProcess ? null : Remedy;

    /// <summary>The one that tests share; it is started when the first of them needs it.</summary>
    public static LibvirtServer Shared => s_shared.Value;

    /// <summary>Its URI.</summary>
    public string Uri { get; }

    /// <summary>Skips a test that needs one where there is none; on a build machine that is a failure.</summary>
    public static void Need() => LibvirtHere.Need(WhyNot is null, Remedy);

    /// <summary>Another one, for a test that ends it or needs two.</summary>
    public static LibvirtServer Start() => new();

    /// <summary>Ends the shared one, if it was started.</summary>
    public static void StopShared()
    {
        if (s_shared.IsValueCreated)
            s_shared.Value.Dispose();
    }

    /// <summary>Options of a platform there. Machines are emulated.</summary>
    public LibvirtOptions Options(Scratch scratch) => new() { Uris = [Uri], Kvm = false, CacheDirectory = scratch.File("cache") };

    /// <summary>What a platform is opened for.</summary>
    public PlatformRequest Request(Scratch scratch, Image image) => Conformance.Request(scratch, image, scratch.File("cache"), ("libvirt-uri", Uri), ("libvirt-accel", "tcg"));

    /// <summary>Machines and volumes of the tests that are there; images, which stay, are not counted.</summary>
    public async Task<IReadOnlyList<ILeftover>> LeftAsync(Scratch scratch) =>
        [.. (await new LibvirtDriver().FindLeftoversAsync(Request(scratch, TinyGuest.Write(scratch.File("none.img"))).Access, CancellationToken.None)).Where(l => l.Kind != "image")];

    public void Dispose()
    {
        if (!Directory.Exists(_directory))
            return;
        Run("stop");
        // The process namespace ends a moment after its first process.
        for (int tries = 0; tries < 50; tries++)
        {
            try
            {
                Directory.Delete(_directory, recursive: true);
                return;
            }
            catch (IOException)
            {
                Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System).GetAwaiter().GetResult();
            }
        }
    }

    private string Run(string action)
    {
        string script = Path.Combine(Root(), "scripts/libvirtd");
        using Process process = Process.Start(new ProcessStartInfo(script, [action, _directory]) { RedirectStandardOutput = true })!;
        // The daemon holds no end of the pipe, so this ends with the script.
        string said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? said : throw new InvalidOperationException($"{script} {action}: exit code {process.ExitCode}");
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Flatcar.Testing.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("the tests are run outside of their repository");
    }
}
