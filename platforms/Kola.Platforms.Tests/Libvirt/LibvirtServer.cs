using System.Diagnostics;
using Kola.Libvirt;

namespace Kola.Platforms.Tests.Libvirt;

/// <summary>A libvirtd of the tests' own, made by <c>scripts/libvirtd</c> from what Debian's packages bring. It is started when the first test needs it.</summary>
internal static class LibvirtServer
{
    private const string Remedy = "apt-get install libvirt-daemon libvirt-daemon-driver-qemu qemu-system-x86, and be root";
    private static readonly Lazy<string> s_directory = new(() => Directory.CreateTempSubdirectory("kola-lv-").FullName);
    private static readonly Lazy<string> s_uri = new(() => Run("start").Trim());

    /// <summary>Why there is none here, with a remedy; null when there is.</summary>
    public static string? WhyNot { get; } = File.Exists("/usr/sbin/libvirtd") && File.Exists("/usr/bin/qemu-system-x86_64") && Environment.IsPrivilegedProcess ? null : Remedy;

    /// <summary>Its URI.</summary>
    public static string Uri => s_uri.Value;

    /// <summary>Its files.</summary>
    public static string Place => s_directory.Value;

    /// <summary>Skips a test that needs it where there is none; on a build machine that is a failure.</summary>
    public static void Need() => LibvirtHere.Need(WhyNot is null, Remedy);

    /// <summary>Options of a platform there. Machines are emulated.</summary>
    public static LibvirtOptions Options(Scratch scratch) => new() { Uris = [Uri], Kvm = false, CacheDirectory = scratch.File("cache") };

    /// <summary>What a platform is opened for.</summary>
    public static PlatformRequest Request(Scratch scratch, Image image, string run = "tests") => new()
    {
        Access = Access(scratch),
        Image = image,
        Tags = new ResourceTags { Run = run, Owner = "tests", Expires = DateTimeOffset.UnixEpoch.AddYears(100), MadeBy = Maker.Self },
    };

    /// <summary>How to come there.</summary>
    public static PlatformAccess Access(Scratch scratch) => new()
    {
        Settings = new PlatformSettings(new Dictionary<string, IReadOnlyList<string>> { ["libvirt-uri"] = [Uri], ["libvirt-accel"] = ["tcg"] }),
        CacheDirectory = scratch.File("cache"),
        Clock = TimeProvider.System,
        Progress = new Progress<string>(),
    };

    /// <summary>Ends it, if it was started.</summary>
    public static void Stop()
    {
        if (!s_uri.IsValueCreated)
            return;
        Run("stop");
        Directory.Delete(Place, recursive: true);
    }

    private static string Run(string action)
    {
        string script = Path.Combine(Root(), "scripts/libvirtd");
        using Process process = Process.Start(new ProcessStartInfo(script, [action, Place]) { RedirectStandardOutput = true })!;
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
