using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Flatcar.Reference.Building;

/// <summary>Passes over the whole tree that make it fit what cl.filesystem looks for.</summary>
internal static partial class TreeSweep
{
    /// <summary>Programs that may be set-user-id, as the harness' own test allows them.</summary>
    private static readonly HashSet<string> SetUser =
    [
        "chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "mount.nfs", "newgidmap", "newgrp", "newuidmap", "passwd", "su", "sudo", "umount", "unix_chkpwd",
    ];

    private static readonly HashSet<string> SetGroup = ["chage", "expiry", "unix_chkpwd"];

    private static readonly string[] LinkedToUsr = ["/bin/", "/sbin/", "/lib/", "/lib64/"];

    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = 0 };

    // #!/usr/bin/perl -w
    // #! /usr/bin/env python3
    [GeneratedRegex(@"^#!\s*\S*/(env\s+)?(perl|python)")]
    private static partial Regex ScriptLine();

    /// <summary>Deletes what the shell patterns match; * stays within one name.</summary>
    public static void Remove(string root, IReadOnlyList<string> patterns)
    {
        foreach (var pattern in patterns)
        {
            foreach (var path in Expand(root, pattern.Split('/')))
                Delete(path);
        }
    }

    /// <summary>Debian's links through /etc/alternatives become direct ones.</summary>
    public static void ResolveAlternatives(string root, string alternatives)
    {
        const string prefix = "/etc/alternatives/";
        foreach (var file in Links(root).Where(l => l.LinkTarget!.StartsWith(prefix, StringComparison.Ordinal)).ToList())
        {
            var target = new FileInfo(Path.Combine(alternatives, file.LinkTarget![prefix.Length..])).LinkTarget;
            file.Delete();
            if (target is not null)
                File.CreateSymbolicLink(file.FullName, target);
        }
    }

    /// <summary>Scripts in languages that the image does not have.</summary>
    public static void RemoveScripts(string root)
    {
        foreach (var directory in (string[])["usr/bin", "usr/sbin", "usr/lib/flatcar", "usr/libexec"])
        {
            var path = Path.Combine(root, directory);
            if (!Directory.Exists(path))
                continue;
            foreach (var file in Entries(path).OfType<FileInfo>().Where(f => f.LinkTarget is null && f.Length > 8).ToList())
            {
                using var stream = file.OpenRead();
                var start = new byte[64];
                var length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
                if (ScriptLine().IsMatch(System.Text.Encoding.Latin1.GetString(start, 0, length)))
                    file.Delete();
            }
        }
    }

    /// <summary>Links that point to nothing, again and again, since one may be the last target of another.</summary>
    public static void RemoveDeadLinks(string root)
    {
        var usr = Path.Combine(root, "usr");
        while (true)
        {
            var dead = Links(usr).Where(l => IsDead(root, l)).ToList();
            if (dead.Count == 0)
                return;
            dead.ForEach(l => l.Delete());
        }
    }

    public static void RestrictModes(string root)
    {
        const UnixFileMode special = UnixFileMode.SetUser | UnixFileMode.SetGroup;
        foreach (var file in Entries(Path.Combine(root, "usr")).OfType<FileInfo>())
        {
            if (file.LinkTarget is not null)
                continue;
            var mode = file.UnixFileMode;
            if ((mode & special) == 0 && (mode & UnixFileMode.OtherWrite) == 0)
                continue;
            var wanted = mode & ~UnixFileMode.OtherWrite;
            if (!SetUser.Contains(file.Name))
                wanted &= ~UnixFileMode.SetUser;
            if (!SetGroup.Contains(file.Name))
                wanted &= ~UnixFileMode.SetGroup;
            file.UnixFileMode = wanted;
        }
    }

    private static bool IsDead(string root, FileSystemInfo link)
    {
        // Judged where the system runs: the template of /etc as /etc, with Debian's links from / to /usr.
        const string template = "/usr/share/flatcar/etc/";
        var place = link.FullName[root.Length..];
        if (place.StartsWith(template, StringComparison.Ordinal))
            place = "/etc/" + place[template.Length..];
        var target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(place)!, link.LinkTarget!));
        if (target.StartsWith("/etc/", StringComparison.Ordinal))
            target = template + target["/etc/".Length..];
        else if (LinkedToUsr.Any(d => target.StartsWith(d, StringComparison.Ordinal)))
            target = "/usr" + target;
        else if (!target.StartsWith("/usr/", StringComparison.Ordinal))
            return target.StartsWith("/var/", StringComparison.Ordinal);
        return !Path.Exists(root + target) && new FileInfo(root + target).LinkTarget is null;
    }

    private static IEnumerable<FileSystemInfo> Links(string root) => Entries(root).Where(i => i.LinkTarget is not null);

    /// <summary>Everything below a directory. Never through a link: an absolute one leads into the host's own /etc.</summary>
    private static FileSystemEnumerable<FileSystemInfo> Entries(string root) =>
        new(root, (ref FileSystemEntry entry) => entry.ToFileSystemInfo(), Everything)
        {
            ShouldRecursePredicate = (ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };

    private static IEnumerable<string> Expand(string directory, ReadOnlyMemory<string> parts)
    {
        if (parts.Length == 0)
            return [directory];
        // As in Entries: what a link leads to is not the tree's.
        if (new FileInfo(directory).LinkTarget is not null)
            return [];
        var name = parts.Span[0];
        var rest = parts[1..];
        if (!name.Contains('*', StringComparison.Ordinal))
        {
            var path = Path.Combine(directory, name);
            return Path.Exists(path) || new FileInfo(path).LinkTarget is not null ? Expand(path, rest) : [];
        }
        return Directory.Exists(directory)
            ? [.. Directory.EnumerateFileSystemEntries(directory)
                .Where(e => FileSystemName.MatchesSimpleExpression(name.Replace("\\", "\\\\", StringComparison.Ordinal), Path.GetFileName(e), ignoreCase: false))
                .SelectMany(e => Expand(e, rest))]
            : [];
    }

    private static void Delete(string path)
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }
}
