namespace Flatcar.Reference.Building;

/// <summary>Adapts Debian's account files: Flatcar's user and groups, and shells that only those have who may log in.</summary>
internal sealed class Accounts(string etc)
{
    private const string User = "core";
    private const int UserId = 500;

    private static readonly string[] GroupsOfUser = ["sudo", "docker", "systemd-journal", "wheel", "adm"];

    public void Adapt()
    {
        Edit("passwd", lines => [.. lines.Select(WithFlatcarShell), $"{User}:x:{UserId}:{UserId}:Flatcar Admin:/home/{User}:/bin/bash"]);
        Edit("shadow", lines => [.. lines, $"{User}:*:19000:0:99999:7:::"]);
        Edit("group", lines => [.. Joined(lines.Append("wheel:x:10:").Where(NotTaken), 3), $"{User}:x:{UserId}:"]);
        Edit("gshadow", lines => [.. Joined(lines.Append("wheel:*::"), 3), $"{User}:!::"]);
        File.WriteAllText(Path.Combine(etc, "shells"), "/bin/sh\n/bin/bash\n/usr/bin/bash\n/usr/bin/sh\n");
    }

    /// <summary>Debian gives the number of Gentoo's wheel to uucp, which nothing here uses.</summary>
    private static bool NotTaken(string group) => !group.StartsWith("uucp:", StringComparison.Ordinal);

    private static string WithFlatcarShell(string line)
    {
        var fields = line.Split(':');
        fields[6] = fields[0] switch
        {
            "root" => "/bin/bash",
            "sync" => "/bin/sync",
            _ => "/sbin/nologin",
        };
        if (fields[0] == "uucp")
            fields[3] = "65534";
        return string.Join(':', fields);
    }

    private static IEnumerable<string> Joined(IEnumerable<string> lines, int members) => lines.Select(line =>
    {
        var fields = line.Split(':');
        if (!GroupsOfUser.Contains(fields[0]))
            return line;
        fields[members] = fields[members] == "" ? User : $"{fields[members]},{User}";
        return string.Join(':', fields);
    });

    private void Edit(string file, Func<IReadOnlyList<string>, IEnumerable<string>> change)
    {
        var path = Path.Combine(etc, file);
        var lines = File.ReadAllLines(path).Where(l => l != "").ToList();
        // In place, since the mode of shadow has to stay.
        File.WriteAllLines(path, change(lines));
    }
}
