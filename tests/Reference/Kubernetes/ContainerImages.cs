using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>What is in each image.</summary>
/// <param name="root">The Debian system programs are taken from.</param>
/// <param name="source">Kubernetes as it was built.</param>
/// <param name="manifest">What the distribution says of itself.</param>
/// <param name="work">A directory for steps in between.</param>
internal sealed class ContainerImages(DebianRoot root, KubernetesSource source, KubernetesManifest manifest, string work)
{
    // What kubeadm of this version asks for, though Debian's etcd is a later one of the same line.
    private const string EtcdTag = "3.4.13-0";

    private const string Resolver = "hosts: files dns\n";

    // Both of Debian's kinds of iptables; the name alone is the one its alternatives choose.
    private static readonly (string Prefix, string Program)[] Tables = [("", "xtables-nft-multi"), ("-nft", "xtables-nft-multi"), ("-legacy", "xtables-legacy-multi")];

    /// <summary>All of them.</summary>
    public async Task<IReadOnlyList<ContainerImage>> MakeAsync(CancellationToken cancel) =>
    [
        Alone("kube-apiserver"),
        Alone("kube-controller-manager"),
        Alone("kube-scheduler"),
        await ProxyAsync(cancel),
        await EtcdAsync(cancel),
        Pause(),
        await ToolsAsync(cancel),
    ];

    private string Version => "v" + manifest.Kubernetes;

    private string Kubeadms(string name) => $"{manifest.ImageRepository}/{name}:{Version}";

    private ContainerImage Alone(string name)
    {
        var tree = new ImageTree();
        tree.AddFile("usr/local/bin/" + name, source.Program(name));
        return new(name, Kubeadms(name), tree) { Tries = [($"/usr/local/bin/{name} --version", $"Kubernetes {Version}")] };
    }

    private async Task<ContainerImage> ProxyAsync(CancellationToken cancel)
    {
        var extensions = Directory.GetFiles(root.PathOf("usr/lib/x86_64-linux-gnu/xtables"), "*.so")
            .Select(f => "usr/lib/x86_64-linux-gnu/xtables/" + Path.GetFileName(f)).Order(StringComparer.Ordinal);
        var tree = await new ProgramTree(root, work).MakeAsync(
            ["usr/sbin/xtables-nft-multi", "usr/sbin/xtables-legacy-multi", "usr/sbin/conntrack", "bin/kmod", .. extensions], cancel);
        foreach (var (prefix, program) in Tables)
        {
            foreach (var family in (string[])["iptables", "ip6tables"])
            {
                foreach (var action in (string[])["", "-save", "-restore"])
                    tree.AddLink($"usr/sbin/{family}{prefix}{action}", program);
            }
        }
        tree.AddLink("usr/sbin/modprobe", "../bin/kmod");
        tree.AddFile("usr/local/bin/kube-proxy", source.Program("kube-proxy"));
        return new("kube-proxy", Kubeadms("kube-proxy"), tree)
        {
            Tries =
            [
                ("kube-proxy --version", $"Kubernetes {Version}"),
                ("iptables --version", "(nf_tables)"), ("ip6tables-save --version", "(nf_tables)"), ("iptables-legacy-restore --version", "(legacy)"),
                ("conntrack --version", "conntrack v"), ("modprobe --version", "kmod version"),
            ],
        };
    }

    private async Task<ContainerImage> EtcdAsync(CancellationToken cancel)
    {
        var tree = await new ProgramTree(root, work).MakeAsync(["usr/bin/etcd"], cancel);
        tree.AddText("etc/nsswitch.conf", Resolver);
        return new("etcd", $"{manifest.ImageRepository}/etcd:{EtcdTag}", tree) { Tries = [("etcd --version", "etcd Version: 3.4.")] };
    }

    private ContainerImage Pause()
    {
        var tree = new ImageTree();
        tree.AddFile("pause", source.Pause);
        return new("pause", manifest.Images["pause"], tree) { Command = ["/pause"], Tries = [("/pause -v", $"pause.c {KubernetesSource.PauseVersion}")] };
    }

    private async Task<ContainerImage> ToolsAsync(CancellationToken cancel)
    {
        var tree = await new ProgramTree(root, work).MakeAsync(["bin/busybox", "usr/bin/curl"], cancel);
        foreach (var applet in (await root.ShellAsync(work, "busybox --list", cancel)).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            tree.AddLink("usr/bin/" + applet, "busybox");
        tree.AddText("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
        tree.AddText("etc/group", "root:x:0:\nnobody:x:65534:\n");
        tree.AddText("etc/nsswitch.conf", Resolver);
        tree.AddDirectory("root");
        tree.AddDirectory("tmp", UnixFileMode.StickyBit | (UnixFileMode)0x1FF);
        return new("tools", manifest.Images["tools"], tree)
        {
            Command = ["sleep", "1d"],
            Tries =
            [
                ("sh -c 'echo four | tr f p | cat'", "pour"), ("curl --version", "curl "), ("httpd --help 2>&1", "Listen for incoming HTTP requests"),
                ("nc --help 2>&1", "Open a pipe to IP:PORT"), ("wget --help 2>&1", "Retrieve files via HTTP"),
            ],
        };
    }
}
