namespace Kola.Ignition;

/// <summary>Paths as Go's package path, and so Ignition, takes them.</summary>
internal static class GoPath
{
    /// <summary>Why a path is none Ignition takes; null when it is.</summary>
    internal static string? Mistake(string path) =>
        path.Length == 0 ? "path not specified" : !path.StartsWith('/') ? "path not absolute" : Clean(path) != path ? "path is not fully simplified" : null;

    /// <summary>The shortest path to the same: <c>/a/../b//c/.</c> is <c>/b/c</c>.</summary>
    internal static string Clean(string path)
    {
        bool rooted = path.StartsWith('/');
        var parts = new List<string>();
        foreach (string part in path.Split('/').Where(p => p is not ("" or ".")))
        {
            if (part != "..")
                parts.Add(part);
            else if (parts.Count > 0 && parts[^1] != "..")
                parts.RemoveAt(parts.Count - 1);
            else if (!rooted)
                parts.Add(part);
        }

        string clean = string.Join('/', parts);
        return rooted ? "/" + clean : clean.Length == 0 ? "." : clean;
    }

    /// <summary>From the last dot of the last part: <c>.service</c>; empty without a dot.</summary>
    internal static string Extension(string path)
    {
        string name = path[(path.LastIndexOf('/') + 1)..];
        return name.LastIndexOf('.') is >= 0 and var dot ? name[dot..] : "";
    }
}
