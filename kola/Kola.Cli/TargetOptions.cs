using System.CommandLine;
using System.Globalization;
using Kola.Machines;
using Kola.Qemu;

namespace Kola.Cli;

/// <summary>The options that say what image is tested and where, the same for every command that boots.</summary>
internal sealed class TargetOptions(Surroundings surroundings)
{
    private const string Reference = "reference";
    private const string Auto = "auto";

    private readonly Option<string> _platform = new("--platform") { Description = "Where machines run.", HelpName = "NAME", DefaultValueFactory = _ => "qemu" };
    private readonly Option<string> _image = new("--image") { Description = "Image under test: a raw or qcow2 file, also .bz2, .gz, .xz or .zst; or reference, which is built when it is missing.", HelpName = "FILE", DefaultValueFactory = _ => Reference };
    private readonly Option<AccelerationMode> _accel = new("--accel") { Description = "auto boots a probe guest once to learn whether KVM really works.", DefaultValueFactory = _ => AccelerationMode.Auto };
    private readonly Option<Firmware> _firmware = new("--firmware") { Description = "What starts machines that do not care: any, direct, bios or uefi.", DefaultValueFactory = _ => Firmware.Any };
    private readonly Option<string> _jobs = new("--jobs", "-j") { Description = "Machines running at once: a number, or auto: as many as cores, memory and ports allow, by what the tests took in earlier runs, else a core a virtual CPU.", HelpName = "auto|N", DefaultValueFactory = _ => Auto };
    private readonly Option<int?> _memory = new("--memory") { Description = "MiB of memory machines use at once. Default: what is available, less 1 GiB.", HelpName = "MIB" };
    private readonly Option<string?> _qemu = new("--qemu") { Description = "QEMU's program. Default: qemu-system-x86_64 or qemu-system-aarch64, as the image is.", HelpName = "PROGRAM" };
    private readonly Option<NetworkKind> _network = new("--network") { Description = "What the segments of a test are: user, switches in user space; or bridge, bridges of the kernel in a namespace of the test's own, for root.", DefaultValueFactory = _ => NetworkKind.User };
    private readonly Option<bool> _internet = new("--internet") { Description = "Machines can reach the internet: tests that need it are run." };

    internal void AddTo(Command command)
    {
        _platform.AcceptOnlyFromAmong("qemu");
        foreach (Option option in new Option[] { _platform, _image, _accel, _firmware, _jobs, _memory, _qemu, _network, _internet })
            command.Add(option);
    }

    /// <summary>Prepares the image and the platform. May build the reference image, unpack a file, and boot a probe guest.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="progress">Told what takes long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="templates">Absolute directory for templates; null for that of the cache.</param>
    /// <exception cref="UsageException">An option cannot be used.</exception>
    internal async Task<Target> OpenAsync(ParseResult parsed, IProgress<string> progress, CancellationToken cancel, string? templates = null)
    {
        QemuOptions options = Options(parsed) with { TemplatesDirectory = templates };
        if (options.Validate() is { Count: > 0 } problems)
            throw new UsageException(string.Join('\n', problems));
        string file = parsed.GetValue(_image)!;
        if (file == Reference)
            file = await ImageCommand.ReferenceAsync(surroundings, null, progress, cancel);
        Image image = await ImageFile.PrepareAsync(Path.GetFullPath(file), surroundings.CacheDirectory, progress, cancel);
        QemuPlatform platform = await QemuPlatform.CreateAsync(options, image, TimeProvider.System, cancel);
        IReadOnlySet<Feature> features = parsed.GetValue(_internet) ? platform.Features.Append(Feature.Internet).ToHashSet() : platform.Features;
        return new Target(image, platform, features);
    }

    /// <summary>What a recorded command line said of image and platform; everything else on it is passed over.</summary>
    /// <param name="surroundings">Where this program runs.</param>
    /// <param name="commandLine">As a run has recorded it, the program's name first.</param>
    /// <param name="image">The image to take instead of the one it names.</param>
    /// <param name="more">A further option that is wanted of it.</param>
    /// <exception cref="UsageException">It cannot be read.</exception>
    internal static (TargetOptions Options, ParseResult Parsed) OfRecorded(Surroundings surroundings, IReadOnlyList<string> commandLine, string image, Option more)
    {
        var options = new TargetOptions(surroundings);
        var command = new RootCommand { TreatUnmatchedTokensAsErrors = false };
        options.AddTo(command);
        command.Add(more);
        IEnumerable<string> rest = commandLine.Where((word, at) => at > 0 && word != "--image" && commandLine[at - 1] != "--image");
        ParseResult parsed = command.Parse([.. rest, "--image", image]);
        return parsed.Errors.Count == 0
            ? (options, parsed)
            : throw new UsageException($"{string.Join(' ', commandLine)}\n  wanted:  the command line of the run, as this kola reads it\n  got:     {parsed.Errors[0].Message}");
    }

    /// <summary>The image a recorded command line names; null for the reference image.</summary>
    internal static string? ImageIn(IReadOnlyList<string> commandLine) =>
        commandLine.SkipWhile(word => word != "--image").Skip(1).FirstOrDefault() is { } named && named != Reference ? named : null;

    // auto, or 4
    private static int? Machines(string jobs) =>
        jobs == Auto ? null
        : int.TryParse(jobs, NumberStyles.None, CultureInfo.InvariantCulture, out int machines) && machines > 0 ? machines
        : throw new UsageException($"--jobs {jobs}\n  wanted:  {Auto}, or how many machines may run at once, at least 1");

    private QemuOptions Options(ParseResult parsed) => new()
    {
        Binary = parsed.GetValue(_qemu),
        Acceleration = parsed.GetValue(_accel),
        DefaultFirmware = parsed.GetValue(_firmware),
        Machines = Machines(parsed.GetValue(_jobs)!),
        MemoryMiB = parsed.GetValue(_memory),
        Network = parsed.GetValue(_network),
        CacheDirectory = surroundings.CacheDirectory,
    };
}

/// <summary>What is tested and where.</summary>
/// <param name="Image">The image.</param>
/// <param name="Platform">The platform; disposed with the target.</param>
/// <param name="Features">What platform and run offer.</param>
internal sealed record Target(Image Image, IPlatform Platform, IReadOnlySet<Feature> Features) : IAsyncDisposable
{
    /// <summary>The same, with what is offered besides.</summary>
    internal Target Offering(IEnumerable<Feature> more) => this with { Features = Features.Concat(more).ToHashSet() };

    public ValueTask DisposeAsync() => Platform.DisposeAsync();
}
