namespace Kola.Machines;

/// <summary>What a machine says of itself when asked whether it is ready. One command asks everything: a round trip is dear when emulated.</summary>
internal sealed record Readiness
{
    /// <summary>
    /// Prints <c>key=value</c> lines. <c>--wait</c> returns when the boot has settled, so nobody polls a machine that is busy booting.
    /// </summary>
    internal const string Command =
        "state=$(systemctl is-system-running --wait 2>/dev/null); . /etc/os-release 2>/dev/null || . /usr/lib/os-release; read -r boot </proc/sys/kernel/random/boot_id; " +
        "echo \"state=$state\"; echo \"id=$ID\"; echo \"version=$VERSION\"; echo \"boot=$boot\"; " +
        "systemctl list-units --state=failed --plain --no-legend --no-pager | while read -r unit rest; do echo \"failed=$unit\"; done";

    /// <summary><c>running</c>, <c>degraded</c>, …</summary>
    internal required string State { get; init; }

    /// <summary>os-release ID.</summary>
    internal required string Id { get; init; }

    /// <summary>os-release VERSION.</summary>
    internal required string Version { get; init; }

    /// <summary>Changes with every boot.</summary>
    internal required string BootId { get; init; }

    /// <summary>Units in state failed.</summary>
    internal required IReadOnlyList<string> FailedUnits { get; init; }

    // state=running
    // id=flatcar
    // version=4459.0.0
    // boot=5f0e…
    // failed=foo.service
    internal static Readiness Parse(string text)
    {
        var pairs = text.Split('\n')
            .Select(line => line.Split('=', 2))
            .Where(pair => pair.Length == 2)
            .ToLookup(pair => pair[0].Trim(), pair => pair[1].Trim());
        string One(string key) => pairs[key].FirstOrDefault() ?? "";
        return new Readiness
        {
            State = One("state"),
            Id = One("id"),
            Version = One("version"),
            BootId = One("boot"),
            FailedUnits = [.. pairs["failed"]],
        };
    }
}
