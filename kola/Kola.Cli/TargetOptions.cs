using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Kola.Machines;
using Kola.Platforms;
using Kola.Qemu;
using Kola.Reporting;
using Kola.Scheduling;

namespace Kola.Cli;

/// <summary>The options that say what image is tested and where, the same for every command that boots.</summary>
internal sealed class TargetOptions(Surroundings surroundings)
{
    private const string Reference = "reference";
    private const string Auto = "auto";

    private readonly Option<string> _platform = new("--platform") { Description = "Where machines run: a name of kola platforms, or a file with a platform of your own.", HelpName = "NAME|FILE.dll", DefaultValueFactory = _ => "qemu" };
    private readonly Option<string> _image = new("--image") { Description = "Image under test: a raw or qcow2 file, also .bz2, .gz, .xz or .zst; or reference, which is built when it is missing.", HelpName = "FILE", DefaultValueFactory = _ => Reference };
    private readonly Option<Firmware> _firmware = new("--firmware") { Description = "What starts machines that do not care: any, direct, bios, uefi or secure-boot.", HelpName = "any|direct|bios|uefi|secure-boot", CustomParser = ReadFirmware, DefaultValueFactory = _ => Firmware.Any };
    private readonly Option<string> _jobs = new("--jobs", "-j") { Description = "Machines running at once: a number, or auto: as many as cores, memory and ports allow, by what the tests took in earlier runs, else a core a virtual CPU.", HelpName = "auto|N", DefaultValueFactory = _ => Auto };
    private readonly Option<int?> _maxMachines = new("--max-machines") { Description = "Most machines there may be at once, whatever a host or an account has room for. A test that needs more is skipped. Default: no bound.", HelpName = "N" };
    private readonly Option<int?> _memory = new("--memory") { Description = "MiB of memory machines use at once. Default: what is available, less 1 GiB.", HelpName = "MIB" };
    private readonly Option<bool> _internet = new("--internet") { Description = "Machines can reach the internet: tests that need it are run." };
    private readonly Option<string?> _owner = new("--owner") { Description = "Whose name machines in a cloud carry. Default: yours and this host's.", HelpName = "NAME" };
    private readonly Option<string> _expires = new("--expires") { Description = "After this long anybody's kola gc takes away what a run has left in a cloud: 90m, 24h, 3d.", HelpName = "TIME", DefaultValueFactory = _ => "24h" };
    private readonly DriverOptions _driverOptions = new();

    internal void AddTo(Command command)
    {
        command.Add(_platform);
        AddAllButPlatform(command);
    }

    /// <summary>For a command that is told the platform's name otherwise.</summary>
    internal void AddAllButPlatform(Command command)
    {
        foreach (Option option in new Option[] { _image, _firmware, _jobs, _maxMachines, _memory, _internet, _owner, _expires })
            command.Add(option);
        _driverOptions.AddTo(command);
    }

    /// <summary>Prepares the image and the platform. May build the reference image, unpack a file, bring the image to a cloud, and boot a probe guest.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="progress">Told what takes long.</param>
    /// <param name="cancel">Ends it.</param>
    /// <param name="templates">Absolute directory for templates; null for that of the cache.</param>
    /// <exception cref="UsageException">An option cannot be used.</exception>
    internal Task<Target> OpenAsync(ParseResult parsed, IProgress<string> progress, CancellationToken cancel, string? templates = null) =>
        OpenAsync(Drivers.Find(parsed.GetValue(_platform)!), parsed, progress, cancel, templates);

    /// <inheritdoc cref="OpenAsync(ParseResult, IProgress{string}, CancellationToken, string?)"/>
    internal async Task<Target> OpenAsync(IPlatformDriver driver, ParseResult parsed, IProgress<string> progress, CancellationToken cancel, string? templates = null)
    {
        PlatformAccess access = surroundings.AccessTo(_driverOptions.Read(parsed, driver), progress);
        int? machines = Machines(parsed.GetValue(_jobs)!);
        int? most = parsed.GetValue(_maxMachines) is not < 1 ? parsed.GetValue(_maxMachines) : throw new UsageException($"--max-machines {parsed.GetValue(_maxMachines)}\n  wanted:  at least 1");
        if (parsed.GetValue(_memory) is < 256)
            throw new UsageException($"--memory {parsed.GetValue(_memory)}\n  wanted:  at least 256 MiB");
        string run = RunDirectory.NameOf(driver.Name, access.Clock.GetUtcNow(), Environment.ProcessId);
        var tags = new ResourceTags
        {
            Run = run,
            Owner = parsed.GetValue(_owner) ?? $"{Environment.UserName}-{Environment.MachineName}",
            Expires = access.Clock.GetUtcNow() + (PlatformSettings.TryTime(parsed.GetValue(_expires)!, out TimeSpan time) ? time : throw new UsageException($"--expires {parsed.GetValue(_expires)}\n  wanted:  a number and a unit: 90m, 24h, 3d")),
            MadeBy = Maker.Self,
        };
        Image image = await driver.FindImageAsync(access, cancel) ?? await FileAsync(parsed, progress, cancel);
        if (!driver.Limits.Architectures.Contains(image.Architecture))
            throw new UsageException($"--image {image.Name}: {driver.Name} runs no {image.Architecture}\n  wanted:  an image for {string.Join(" or ", driver.Limits.Architectures)}");
        var request = new PlatformRequest
        {
            Access = access,
            Image = image,
            Tags = tags,
            Machines = machines is { } asked && most is { } bound ? Math.Min(asked, bound) : machines,
            MemoryMiB = parsed.GetValue(_memory),
            Firmware = parsed.GetValue(_firmware),
            TemplatesDirectory = templates,
        };
        IPlatform platform = await driver.OpenAsync(request, cancel);
        Capacity capacity = most is { } limit && limit < platform.Capacity.Machines ? platform.Capacity with { Machines = limit } : platform.Capacity;
        return new Target(image, platform, Target.FeaturesOf(platform, parsed.GetValue(_internet))) { Driver = driver, Request = request, Capacity = capacity };
    }

    private async Task<Image> FileAsync(ParseResult parsed, IProgress<string> progress, CancellationToken cancel)
    {
        string file = parsed.GetValue(_image)!;
        if (file == Reference)
            file = await ImageCommand.ReferenceAsync(surroundings, null, progress, cancel);
        return await ImageFile.PrepareAsync(Path.GetFullPath(file), surroundings.CacheDirectory, progress, cancel);
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

    // secure-boot
    private static Firmware ReadFirmware(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        string name = text.Replace("-", "", StringComparison.Ordinal);
        if (name.All(char.IsAsciiLetter) && Enum.TryParse(name, ignoreCase: true, out Firmware firmware))
            return firmware;
        result.AddError($"--firmware {text}\n  wanted:  any, direct, bios, uefi or secure-boot");
        return Firmware.Any;
    }

    // auto, or 4
    private static int? Machines(string jobs) =>
        jobs == Auto ? null
        : int.TryParse(jobs, NumberStyles.None, CultureInfo.InvariantCulture, out int machines) && machines > 0 ? machines
        : throw new UsageException($"--jobs {jobs}\n  wanted:  {Auto}, or how many machines may run at once, at least 1");
}

/// <summary>What is tested and where.</summary>
/// <param name="Image">The image.</param>
/// <param name="Platform">The platform; disposed with the target.</param>
/// <param name="Features">What platform and run offer.</param>
internal sealed record Target(Image Image, IPlatform Platform, IReadOnlySet<Feature> Features) : IAsyncDisposable
{
    /// <summary>What may be in use at once: what the platform has, and the person allows.</summary>
    internal Capacity Capacity { get; init; } = Platform.Capacity;

    /// <summary>How it was opened; null in tests that bring a platform.</summary>
    internal PlatformRequest? Request { get; init; }

    /// <summary>What opened it; null in tests that bring a platform.</summary>
    internal IPlatformDriver? Driver { get; init; }

    /// <summary>What a platform offers, and what follows from where it runs: the internet, if that was promised, and the speed of machines.</summary>
    internal static IReadOnlySet<Feature> FeaturesOf(IPlatform platform, bool internet)
    {
        HashSet<Feature> features = [.. platform.Features];
        if (internet)
            features.Add(Feature.Internet);
        if (platform.Slowness <= 1)
            features.Add(Feature.FullSpeed);
        return features;
    }

    /// <summary>The same, with what is offered besides.</summary>
    internal Target Offering(IEnumerable<Feature> more) => this with { Features = Features.Concat(more).ToHashSet() };

    public ValueTask DisposeAsync() => Platform.DisposeAsync();
}
