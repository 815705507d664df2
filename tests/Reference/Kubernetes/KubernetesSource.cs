using System.Globalization;
using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>Debian's source package of Kubernetes: the whole tree of a release, with all it is built from.</summary>
/// <param name="root">The Debian system it is built in.</param>
/// <param name="version">Version of Kubernetes that the source has to be: <c>1.20.2</c></param>
/// <param name="work">An empty directory for it; 4 GiB when it is built.</param>
internal sealed class KubernetesSource(DebianRoot root, string version, string work)
{
    // Of tag v1.20.2: what upstream's own binaries say of themselves, since Debian's tree has no git.
    private const string Commit = "faecb196815e248d3ecfb03c680a4507229c2a56", ReleasedAt = "2021-01-13T13:20:00Z";

    /// <summary>All that is built, in the order of its list.</summary>
    public static IReadOnlyList<string> Programs { get; } =
        ["kubeadm", "kubelet", "kubectl", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];

    private const string Paths = "export PATH=/usr/lib/go-1.19/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/mnt TMPDIR=/mnt/tmp\n";

    /// <summary>What the program of pods' first container calls itself.</summary>
    public const string PauseVersion = "3.2";

    /// <summary>The program of pods' first container, linked statically.</summary>
    public string Pause => Path.Combine(work, "pause");

    /// <summary>A program of Kubernetes, linked statically and stripped, as upstream has it.</summary>
    public string Program(string name) => Path.Combine(work, "src/_output/local/bin/linux/amd64", name);

    /// <summary>Downloads it, 34 MB, and unpacks it.</summary>
    /// <exception cref="ReferenceBuildException">Debian has another version, or it could not be downloaded.</exception>
    public async Task GetAsync(CancellationToken cancel)
    {
        await root.ShellAsync(work, Paths + """
            mkdir -p tmp apt/lists/partial apt/cache/archives/partial
            apt="apt-get --quiet -o Dir::State::Lists=/mnt/apt/lists -o Dir::Cache=/mnt/apt/cache -o APT::Sandbox::User=root"
            $apt update
            # It checks what it downloads by the signed index; the maintainer's own signature is of a key that is not among the archive's.
            $apt source --download-only kubernetes
            dpkg-source --no-check --extract kubernetes_*.dsc src
            """, cancel);
        // kubernetes_1.20.5+really1.20.2-1.1+deb12u1.dsc
        var name = Path.GetFileName(Directory.GetFiles(work, "kubernetes_*.dsc").Single());
        if (!name.Contains($"really{version}-", StringComparison.Ordinal))
            throw ReferenceBuildException.Of("Debian's sources are of another version", $"Kubernetes {version}", name, "write the recipe for that version");
    }

    /// <summary>Builds its programs; minutes of all CPUs.</summary>
    public async Task BuildAsync(CancellationToken cancel)
    {
        var numbers = version.Split('.');
        await File.WriteAllTextAsync(Path.Combine(work, "version"), $"""
            KUBE_GIT_COMMIT='{Commit}'
            KUBE_GIT_TREE_STATE='archive'
            KUBE_GIT_VERSION='v{version}'
            KUBE_GIT_MAJOR='{numbers[0]}'
            KUBE_GIT_MINOR='{numbers[1]}'

            """, cancel);
        var released = DateTimeOffset.Parse(ReleasedAt, CultureInfo.InvariantCulture).ToUnixTimeSeconds();
        // Without paths of the build and dates in them, the programs are the same to the last bit each time.
        await root.ShellAsync(work, Paths + $"""
            reflect2=src/vendor/github.com/modern-go/reflect2
            rm $reflect2/*.go $reflect2/*.s
            cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.go /usr/share/gocode/src/github.com/modern-go/reflect2/*.s $reflect2/
            mkdir -p src/.go/src/k8s.io
            ln -s ../../.. src/.go/src/k8s.io/kubernetes
            export GOPATH=/mnt/src/.go GO111MODULE=off CGO_ENABLED=0 GOCACHE=/mnt/cache SOURCE_DATE_EPOCH={released.ToString(CultureInfo.InvariantCulture)}
            cd src/.go/src/k8s.io/kubernetes
            make KUBE_GIT_VERSION_FILE=/mnt/version KUBE_BUILD_PLATFORMS=linux/amd64 GOFLAGS=-trimpath WHAT="{string.Join(' ', Programs.Select(p => "cmd/" + p))}"
            """, cancel);
        await root.ShellAsync(work, $"gcc -Os -Wall -static -DVERSION={PauseVersion} -o pause src/build/pause/linux/pause.c", cancel);
    }
}
