using System.Security.Cryptography;
using System.Text.Json;

namespace Flatcar.Tests.Guest;

/// <summary>
/// A Kubernetes that clusters are made of, as a directory: <c>bin/</c>, <c>cni/</c> (plug-ins), <c>images/</c> (docker archives), <c>kubernetes.json</c> with what differs
/// between versions, and <c>SHA256SUMS</c> over all of it. docs/kubernetes-distribution.md says what each field means.
/// </summary>
public sealed record KubernetesDistribution
{
    /// <summary>Name of the file that says what it is. Who reads it holds it open: it is not cleared away meanwhile.</summary>
    public const string Manifest = "kubernetes.json";

    private const string Sums = "SHA256SUMS";
    private const string Guide = "docs/kubernetes-distribution.md";

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

    // What a cluster cannot be made without.
    private static readonly string[] s_needed = ["bin/kubeadm", "bin/kubelet", "bin/kubectl", "cni/bridge", "cni/host-local", "cni/loopback", "cni/portmap"];

    /// <summary>Version of this format: 1.</summary>
    public required int Format { get; init; }

    /// <summary>For people.</summary>
    public required string Name { get; init; }

    /// <summary>Version without a v: <c>1.20.2</c>.</summary>
    public required string Kubernetes { get; init; }

    /// <summary><c>amd64</c> or <c>arm64</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>API version of kubeadm's configs: <c>kubeadm.k8s.io/v1beta2</c>, <c>…/v1beta3</c> or <c>…/v1beta4</c>.</summary>
    public required string KubeadmApi { get; init; }

    /// <summary>CRI versions its kubelet speaks; containerd 2 speaks <c>v1</c> only.</summary>
    public required IReadOnlyList<string> Cri { get; init; }

    /// <summary>Where containerd listens, as this version of kubeadm wants it written.</summary>
    public required string CriSocket { get; init; }

    /// <summary>Where the control plane's images are named to come from; they are in <c>images/</c>.</summary>
    public required string ImageRepository { get; init; }

    /// <summary>Names of images by use: <c>pause</c>, and <c>tools</c>, which tests run (sh, sleep, httpd, nc, curl).</summary>
    public required IReadOnlyDictionary<string, string> Images { get; init; }

    /// <summary>Phases of <c>kubeadm init</c> that are left out, for want of their images.</summary>
    public IReadOnlyList<string> SkipPhases { get; init; } = [];

    /// <summary>Errors of kubeadm's preflight checks that are not minded.</summary>
    public IReadOnlyList<string> IgnorePreflightErrors { get; init; } = [];

    /// <summary>What it does not have: <c>dns</c>, <c>network-policy</c>, <c>dual-stack</c>. Tests of that are skipped.</summary>
    public IReadOnlyList<string> Lacks { get; init; } = [];

    /// <summary>Absolute path; set when it is read.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Directory { get; init; } = "";

    /// <summary>The image tests run in pods.</summary>
    public string Tools => Images["tools"];

    /// <summary>Reads one that was checked when the run began.</summary>
    public static KubernetesDistribution Of(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Read(lab.Input(SuiteInput.Kubernetes).Path);
    }

    /// <summary>Ends the test as skipped where it lacks something.</summary>
    public void SkipWithout(string what)
    {
        if (Lacks.Contains(what))
            Lab.Skip($"{Name} has no {what}", "Give the run a Kubernetes distribution that has it: --kubernetes DIR.");
    }

    /// <summary>Ends the test as skipped where it is of an earlier version.</summary>
    /// <param name="version">The first that can.</param>
    /// <param name="why">What earlier ones do or do not, after their name: <c>does not …</c>.</param>
    public void SkipBefore(Version version, string why)
    {
        if (IsBefore(version))
            Lab.Skip($"{Name} {why}", $"Give the run a Kubernetes distribution of {version} or later: --kubernetes DIR.");
    }

    /// <summary>Whether it is of an earlier version.</summary>
    public bool IsBefore(Version version) => Version.Parse(Kubernetes) < version;

    /// <summary>The files of a folder, absolute, in order.</summary>
    public IEnumerable<string> Files(string folder) => System.IO.Directory.GetFiles(Path.Combine(Directory, folder)).Order(StringComparer.Ordinal);

    /// <summary>Reads one and holds every file against its digest.</summary>
    /// <returns>It as a run is given it; its digest is of <c>SHA256SUMS</c> and <c>kubernetes.json</c>.</returns>
    /// <exception cref="UsageException">It is no distribution, or not whole.</exception>
    public static SuiteInput Check(string directory)
    {
        KubernetesDistribution read = Read(directory);
        string[] lines = ReadText(read.Directory, Sums).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var known = new HashSet<string>();
        foreach (string line in lines)
        {
            // 9f86d081884c7d65…  bin/kubeadm
            if (line.Split("  ", 2) is not [{ Length: 64 } sum, { Length: > 0 } name] || name.StartsWith('/') || name.Contains("..", StringComparison.Ordinal))
                throw Wrong(read.Directory, $"{Sums} has the line \"{line}\"", "lines as sha256sum writes them, paths relative to the directory", $"sha256sum bin/* cni/* images/* > {Sums}");
            string file = Path.Combine(read.Directory, name);
            if (!File.Exists(file))
                throw Wrong(read.Directory, $"{name} is not there", $"every file of {Sums}", "make or fetch it again");
            using FileStream content = File.OpenRead(file);
            if (Convert.ToHexStringLower(SHA256.HashData(content)) != sum)
                throw Wrong(read.Directory, $"{name} is not what {Sums} says", sum, "make or fetch it again");
            known.Add(name);
        }

        string[] there = [.. new[] { "bin", "cni", "images" }.Where(folder => System.IO.Directory.Exists(Path.Combine(read.Directory, folder))).SelectMany(folder => read.Files(folder)).Select(file => Path.GetRelativePath(read.Directory, file))];
        if (there.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
            throw Wrong(read.Directory, $"{unknown} is not in {Sums}", "every file of bin, cni and images", $"sha256sum bin/* cni/* images/* > {Sums}");
        if (s_needed.FirstOrDefault(name => !known.Contains(name)) is { } missing)
            throw Wrong(read.Directory, $"it has no {missing}", string.Join(", ", s_needed), $"see {Guide}");
        if (!there.Any(name => name.StartsWith("images/", StringComparison.Ordinal)))
            throw Wrong(read.Directory, "it has no images", "docker archives in images/", $"see {Guide}");
        byte[] all = [.. File.ReadAllBytes(Path.Combine(read.Directory, Manifest)), .. File.ReadAllBytes(Path.Combine(read.Directory, Sums))];
        return new SuiteInput(read.Directory, $"sha256:{Convert.ToHexStringLower(SHA256.HashData(all))}");
    }

    /// <summary>Holds one that a run was given against the image it is for.</summary>
    /// <param name="input">As <see cref="Check"/> gave it.</param>
    /// <param name="architecture">The image's: <c>amd64</c> or <c>arm64</c>.</param>
    /// <exception cref="UsageException">Its programs are for another architecture.</exception>
    public static void Fit(SuiteInput input, string architecture)
    {
        ArgumentNullException.ThrowIfNull(input);
        KubernetesDistribution read = Read(input.Path);
        if (read.Architecture != architecture)
            throw Wrong(input.Path, $"{read.Name} is for {read.Architecture}", $"one for {architecture}, as the image is", "give another distribution, or another image");
    }

    private static KubernetesDistribution Read(string directory)
    {
        string full = Path.GetFullPath(directory);
        if (!System.IO.Directory.Exists(full))
            throw Wrong(directory, File.Exists(full) ? "it is a file" : "there is no such directory", "a directory with " + Manifest, "scripts/kubernetes-distribution makes one and prints where");
        try
        {
            KubernetesDistribution read = JsonSerializer.Deserialize<KubernetesDistribution>(ReadText(full, Manifest), s_json) ?? throw new JsonException("it is null");
            string? bad = read switch
            {
                { Format: not 1 } => $"format {read.Format}, not 1",
                _ when !Version.TryParse(read.Kubernetes, out _) => $"kubernetes \"{read.Kubernetes}\", not a version such as 1.20.2",
                _ when !read.KubeadmApi.StartsWith("kubeadm.k8s.io/v1beta", StringComparison.Ordinal) => $"kubeadmApi \"{read.KubeadmApi}\", not kubeadm.k8s.io/v1beta2 or the like",
                _ when !(read.Images.ContainsKey("pause") && read.Images.ContainsKey("tools")) => "images without pause or tools",
                _ => null,
            };
            return bad is null ? read with { Directory = full } : throw new JsonException(bad);
        }
        catch (JsonException fault)
        {
            throw Wrong(directory, $"{Manifest}: {fault.Message}", "the fields of format 1", $"see {Guide}");
        }
    }

    private static string ReadText(string directory, string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, name));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw Wrong(directory, $"{name} cannot be read: {fault.Message}", $"a Kubernetes distribution: {Manifest}, {Sums} and what they speak of", "scripts/kubernetes-distribution makes one and prints where");
        }
    }

    private static UsageException Wrong(string directory, string got, string wanted, string next) =>
        new($"--kubernetes {directory}: {got}\n  wanted:  {wanted}\n  next:    {next}");
}
