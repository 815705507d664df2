using System.Globalization;

namespace Kola.Ignition;

/// <summary><c>storage.trees</c>: whole directories of local files, with their links.</summary>
internal sealed class ButaneTrees(LocalFiles files, List<ConfigProblem> problems, ConfigNodes nodes)
{
    private const string Exists = "matching filesystem node has existing contents or different type";
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const int Executable = 0b111_101_101;
    private const int Readable = 0b110_100_100;

    /// <summary>The config with the files and links of its trees.</summary>
    /// <param name="config">In Butane's spelling.</param>
    /// <param name="result">The same as Ignition's.</param>
    internal ObjectNode Grown(ObjectNode config, ObjectNode result)
    {
        IReadOnlyList<ConfigNode> trees = ConfigNodes.Items(config["storage"], "trees");
        if (trees.Count == 0 || result["storage"] is not ObjectNode storage)
            return result;
        var places = new Places(storage);
        for (int i = 0; i < trees.Count; i++)
        {
            if (ConfigNodes.TextOf(trees[i], "local") is { Length: > 0 } local)
                Walk(local, ConfigNodes.TextOf(trees[i], "path") is { Length: > 0 } path ? path : "/", places, new Place(trees[i].At, string.Create(CultureInfo.InvariantCulture, $"$.storage.trees.{i}")));
        }

        Position? at = config["storage"]!.At;
        if (places.Files.Count > 0)
            storage = nodes.With(storage, "files", nodes.From(ConfigNodes.List(at, places.Files), "$.storage.files"));
        if (places.Links.Count > 0)
            storage = nodes.With(storage, "links", nodes.From(ConfigNodes.List(at, places.Links), "$.storage.links"));
        return nodes.With(result, "storage", storage);
    }

    private void Walk(string local, string target, Places places, Place tree)
    {
        if (files.Find(local, out string wrong) is not { } root)
            Wrong(tree, wrong);
        else if (!Directory.Exists(root))
            Wrong(tree, File.Exists(root) ? "root of tree must be a directory" : $"stat {local}: no such file or directory");
        else
            Descend(root, target.TrimEnd('/'), local, places, tree);
    }

    // By name, each directory where its name stands, as Go walks.
    private void Descend(string directory, string target, string local, Places places, Place tree)
    {
        FileSystemInfo[] entries;
        try
        {
            entries = [.. new DirectoryInfo(directory).EnumerateFileSystemInfos().OrderBy(e => e.Name, StringComparer.Ordinal)];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Wrong(tree, fault is UnauthorizedAccessException ? $"open {local}: permission denied" : $"open {local}: {fault.Message}");
            return;
        }

        foreach (FileSystemInfo entry in entries)
        {
            string path = $"{target}/{entry.Name}";
            string from = Path.Join(local, entry.Name);
            if (entry.LinkTarget is { } leadsTo)
                Link(path, leadsTo, places, tree);
            else if (entry is DirectoryInfo)
                Descend(entry.FullName, path, from, places, tree);
            else if (UnixFile.IsRegular(entry.FullName))
                Regular(path, from, entry.UnixFileMode, places, tree);
            else
                Wrong(tree, "trees may only contain files, directories, and symlinks", $"without {from}");
        }
    }

    private void Regular(string path, string local, UnixFileMode mode, Places places, Place tree)
    {
        int at = places.Files.FindIndex(f => ConfigNodes.TextOf(f, "path") == path);
        ObjectNode file = at >= 0 ? (ObjectNode)places.Files[at] : nodes.From(ConfigNodes.Object(tree.At, ("path", ConfigNodes.Text(path, tree.At))), tree.Path);
        ObjectNode resource = file["contents"] as ObjectNode ?? nodes.From(ConfigNodes.Object(tree.At), tree.Path);
        if (at < 0 ? places.Has(path) : ConfigNodes.TextOf(resource, "source") is { Length: > 0 })
        {
            Wrong(tree, Exists, $"{path} once, from the tree or from elsewhere");
            return;
        }

        if (files.Read(local, out string wrong) is not { } contents)
        {
            Wrong(tree, wrong);
            return;
        }

        (string url, string? compression) = EmbeddedData.Of(contents, ConfigNodes.TextOf(resource, "compression") is { Length: > 0 });
        resource = nodes.With(resource, "source", nodes.From(ConfigNodes.Text(url, tree.At), tree.Path));
        if (compression is not null)
            resource = nodes.With(resource, "compression", nodes.From(ConfigNodes.Text(compression, tree.At), tree.Path));
        file = nodes.With(file, "contents", resource);
        if (file["mode"] is null)
            file = nodes.With(file, "mode", nodes.From(ConfigNodes.Number((mode & AnyExecute) != 0 ? Executable : Readable, tree.At), tree.Path));
        places.Set(places.Files, at, path, file);
    }

    private void Link(string path, string leadsTo, Places places, Place tree)
    {
        int at = places.Links.FindIndex(l => ConfigNodes.TextOf(l, "path") == path);
        ObjectNode link = at >= 0 ? (ObjectNode)places.Links[at] : nodes.From(ConfigNodes.Object(tree.At, ("path", ConfigNodes.Text(path, tree.At))), tree.Path);
        if (at < 0 ? places.Has(path) : ConfigNodes.TextOf(link, "target") is { Length: > 0 })
            Wrong(tree, Exists, $"{path} once, from the tree or from elsewhere");
        else
            places.Set(places.Links, at, path, nodes.With(link, "target", nodes.From(ConfigNodes.Text(leadsTo, tree.At), tree.Path)));
    }

    private void Wrong(Place tree, string message, string? wanted = null) => problems.Add(new ConfigProblem(ProblemSeverity.Error, tree.Path, tree.At, message, wanted));

    private sealed record Place(Position? At, string Path);

    // What stands where already.
    private sealed class Places(ObjectNode storage)
    {
        private readonly HashSet<string?> _taken = [.. new[] { "files", "directories", "links" }.SelectMany(kind => ConfigNodes.Items(storage, kind)).Select(n => ConfigNodes.TextOf(n, "path"))];

        internal List<ConfigNode> Files { get; } = [.. ConfigNodes.Items(storage, "files")];

        internal List<ConfigNode> Links { get; } = [.. ConfigNodes.Items(storage, "links")];

        internal bool Has(string path) => _taken.Contains(path);

        internal void Set(List<ConfigNode> list, int at, string path, ObjectNode node)
        {
            _taken.Add(path);
            if (at >= 0)
                list[at] = node;
            else
                list.Add(node);
        }
    }
}
