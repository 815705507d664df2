namespace Flatcar.Reference.Building;

/// <summary>
/// Turns Debian's /usr and /etc into the image's /usr (with /etc as /usr/share/flatcar/etc) and the base directories of ROOT.
/// </summary>
internal sealed class GuestTree(PackageLayer layer, string work, string updateEngine)
{
    private const UnixFileMode Executable = (UnixFileMode)0b111_101_101;
    private const UnixFileMode Plain = (UnixFileMode)0b110_100_100;
    private const UnixFileMode Secret = (UnixFileMode)0b100_100_000;

    /// <summary>A directory with usr and etc, until etc moves into usr.</summary>
    public string Root { get; } = Path.Combine(work, "tree");

    public async Task MakeAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.Combine(Root, "etc"));
        await Tool.RunAsync(["cp", "-a", layer.PathOf("usr"), Root], work, cancel);
        foreach (var name in Recipe.Words("Recipe/keep-etc.txt"))
            await Tool.RunAsync(["cp", "-a", layer.PathOf("etc/" + name), Path.Combine(Root, "etc")], work, cancel);
        // Ignition has no path of its own in Debian: dracut copies it into an initramfs.
        var ignition = layer.PathOf("usr/lib/dracut/modules.d/30ignition/ignition");
        Directory.CreateDirectory(Path.Combine(Root, "usr/lib/flatcar"));
        await Tool.RunAsync(["cp", "-a", ignition, Path.Combine(Root, "usr/lib/flatcar/ignition")], work, cancel);

        TreeSweep.ResolveAlternatives(Root, layer.PathOf("etc/alternatives"));
        TreeSweep.Remove(Root, Recipe.Words("Recipe/remove.txt"));
        File.Move(Path.Combine(Root, "usr/bin/cgpt"), Path.Combine(Root, "usr/lib/flatcar/cgpt"));
        await Tool.RunAsync(["install", "-m", "755", updateEngine, Path.Combine(Root, "usr/sbin/update_engine")], work, cancel);
        CopyRecipe();
        new Accounts(Path.Combine(Root, "etc")).Adapt();
        UnitSlimming.Apply(Path.Combine(Root, "usr/lib/systemd/system"));
        WriteIdentity();
        await UnpackModulesAsync(cancel);
        MakeLinks();
        MoveEtc();
        TreeSweep.RemoveScripts(Root);
        TreeSweep.RemoveDeadLinks(Root);
        TreeSweep.RestrictModes(Root);
        await MakeSkeletonAsync(cancel);
    }

    private void CopyRecipe()
    {
        const string prefix = "Recipe/root/";
        foreach (var name in Recipe.Names.Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            var path = name[prefix.Length..];
            var target = Path.Combine(Root, path);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Delete(target);
            var data = Recipe.Read(name);
            File.WriteAllBytes(target, data);
            File.SetUnixFileMode(target, path switch
            {
                _ when path.StartsWith("etc/sudoers.d/", StringComparison.Ordinal) => Secret,
                _ when data.AsSpan().StartsWith("#!"u8) => Executable,
                _ => Plain,
            });
        }
    }

    // What says which version it is comes later, for each; until then something has to be there for links to lead to.
    private void WriteIdentity()
    {
        foreach (var path in Release.Paths)
            Write("usr/" + path, "\n");
        Write("usr/share/flatcar/update.conf", "SERVER=disabled\nGROUP=developer\n");
    }

    /// <summary>Decompressing each module as it is loaded is work that an emulated machine feels.</summary>
    private async Task UnpackModulesAsync(CancellationToken cancel)
    {
        var release = layer.KernelRelease;
        // Flatcar's kernel shows its configuration in /proc/config.gz; Debian's has it in a file beside the kernel.
        File.Copy(layer.PathOf($"boot/config-{release}"), Path.Combine(Root, $"usr/lib/modules/{release}/config"));
        await layer.ShellAsync(work, $"find tree/usr/lib/modules/{release} -name '*.ko.xz' -print0 | xargs -0 -r xz -d", cancel);
        await layer.ShellAsync(work, $"depmod --basedir /mnt/tree/usr {release}", cancel);
    }

    private void MakeLinks()
    {
        foreach (var line in Recipe.Lines("Recipe/links.txt"))
        {
            var parts = line.Split(" -> ");
            var link = Path.Combine(Root, parts[0]);
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.Delete(link);
            File.CreateSymbolicLink(link, parts[1]);
        }
    }

    private void MoveEtc() => Directory.Move(Path.Combine(Root, "etc"), Path.Combine(Root, "usr/share/flatcar/etc"));

    /// <summary>
    /// What ROOT holds before anything ran: <c>skel</c> in the work directory, and an archive in /usr for a ROOT made anew. No
    /// directory there, since searches of the whole system would stumble over its links and modes.
    /// </summary>
    private async Task MakeSkeletonAsync(CancellationToken cancel)
    {
        const string script = """
            mkdir -p skel/{boot,dev,etc,proc,sys,run,tmp,mnt,media,srv,opt/bin,root,oem,usr,home/core,var}
            for link in bin sbin lib lib64; do ln -s usr/$link skel/$link; done
            mkdir -p skel/var/{cache,lib/{private,systemd},lock,log/journal,opt,spool,tmp}
            rmdir skel/var/lock
            ln -s ../run skel/var/run
            ln -s ../run/lock skel/var/lock
            chmod 1777 skel/tmp skel/var/tmp
            chmod 700 skel/root skel/var/lib/private
            cp tree/usr/share/flatcar/etc/skel/.b* tree/usr/share/flatcar/etc/skel/.p* skel/home/core/
            chown -R 500:500 skel/home/core
            group=$(sed -n 's/^systemd-journal:[^:]*:\([0-9]*\):.*/\1/p' tree/usr/share/flatcar/etc/group)
            chown 0:$group skel/var/log/journal
            chmod 2755 skel/var/log/journal
            tar -C skel -cf tree/usr/share/flatcar/rootskel.tar .
            """;
        await layer.ShellAsync(work, script, cancel);
    }

    private void Write(string path, string text)
    {
        var target = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        File.Delete(target);
        File.WriteAllText(target, text);
    }
}
