using System.Text.RegularExpressions;
using Flatcar.Reference.Building;

namespace Flatcar.Reference.Kubernetes;

/// <summary>Puts programs of a Debian system into images, each with no more than the libraries it is linked to.</summary>
internal sealed partial class ProgramTree(DebianRoot root, string work)
{
    // Where Debian's packages still have their files, though all of it is below /usr.
    private static readonly string[] Merged = ["bin", "sbin", "lib", "lib64"];

    // 	libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f5d64a55000)
    // 	/lib64/ld-linux-x86-64.so.2 (0x00007f5d64d1a000)
    [GeneratedRegex(@"^\t(?:\S+ => )?/(?<path>\S+) \(0x[0-9a-f]+\)$", RegexOptions.Multiline)]
    private static partial Regex FoundLine();

    // 	libetcd.so.1 => not found
    [GeneratedRegex(@"^\t(?<name>\S+) => not found$", RegexOptions.Multiline)]
    private static partial Regex MissingLine();

    /// <summary>A tree with programs, their libraries, and the links that make one of <c>/bin</c> and <c>/usr/bin</c>.</summary>
    /// <param name="programs">Paths in the system, without a slash at the start; plug-ins that programs load are named too. They keep them, below /usr.</param>
    /// <param name="cancel">Ends it.</param>
    public async Task<ImageTree> MakeAsync(IReadOnlyList<string> programs, CancellationToken cancel)
    {
        var tree = new ImageTree();
        foreach (var directory in Merged)
        {
            tree.AddDirectory("usr/" + directory);
            tree.AddLink(directory, "usr/" + directory);
        }
        var linked = await root.ShellAsync(work, "ldd " + string.Join(' ', programs.Select(p => "/" + p)), cancel);
        foreach (var path in programs.Concat(Libraries(linked)))
            tree.AddFile(BelowUsr(path), root.PathOf(path));
        return tree;
    }

    /// <summary>Paths of libraries, without a slash at the start, each once, out of what ldd says.</summary>
    /// <exception cref="ReferenceBuildException">It did not find one.</exception>
    internal static IReadOnlyList<string> Libraries(string linked)
    {
        if (MissingLine().Match(linked) is { Success: true } missing)
            throw ReferenceBuildException.Of("a program cannot be put into an image", "its libraries among Debian's packages", $"no {missing.Groups["name"].Value}", "add its package to packages.txt");
        return [.. FoundLine().Matches(linked).Select(m => m.Groups["path"].Value).Distinct()];
    }

    /// <summary><c>lib/x86_64-linux-gnu/libc.so.6</c> is <c>usr/lib/x86_64-linux-gnu/libc.so.6</c>.</summary>
    internal static string BelowUsr(string path) => Merged.Contains(path.Split('/')[0]) ? "usr/" + path : path;
}
