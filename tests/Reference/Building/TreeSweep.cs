using System.IO.Enumeration;
using System.Text.RegularExpressions;

namespace Flatcar.Reference.Building;

/// <summary>Passes over the whole tree that make it fit what cl.filesystem looks for.</summary>
internal static partial class TreeSweep
{
    /// <summary>Programs that may be set-user-id, as the harness' own test allows them.</summary>
    private static readonly HashSet<string> SetUser =
    [
        "chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "newgidmap", "newgrp", "newuidmap", "passwd", "su", "sudo", "umount", "unix_chkpwd",
    ];

    private static readonly HashSet<string> SetGroup = ["chage", "expiry", "unix_chkpwd"];

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
            foreach (var file in new DirectoryInfo(path).EnumerateFiles("*", Everything).Where(f => f.LinkTarget is null && f.Length > 8).ToList())
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
        foreach (var file in new DirectoryInfo(Path.Combine(root, "usr")).EnumerateFiles("*", Everything))
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
        // A link out of /usr is judged where the system runs, except into /etc, whose template lies in /usr.
        var target = link.LinkTarget!;
        var absolute = target.StartsWith('/')
            ? root + target
            : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(link.FullName)!, target));
        if (!absolute.StartsWith(root + "/", StringComparison.Ordinal))
            return false;
        var inside = absolute[root.Length..];
        if (inside.StartsWith("/etc/", StringComparison.Ordinal))
            absolute = root + "/usr/share/flatcar" + inside;
        else if (inside.StartsWith("/lib", StringComparison.Ordinal) || inside.StartsWith("/bin/", StringComparison.Ordinal)
            || inside.StartsWith("/sbin/", StringComparison.Ordinal))
            absolute = root + "/usr" + inside;
        else if (!inside.StartsWith("/usr/", StringComparison.Ordinal))
            return inside.StartsWith("/var/", StringComparison.Ordinal);
        return !Path.Exists(absolute) && new FileInfo(absolute).LinkTarget is null;
    }

    private static IEnumerable<FileSystemInfo> Links(string root) =>
        new DirectoryInfo(root).EnumerateFileSystemInfos("*", Everything).Where(i => i.LinkTarget is not null);

    private static IEnumerable<string> Expand(string directory, ReadOnlyMemory<string> parts)
    {
        if (parts.Length == 0)
            return [directory];
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
