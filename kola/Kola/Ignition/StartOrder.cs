namespace Kola.Ignition;

/// <summary>Which machines of a test wait for which: a machine is started when those its config refers to are ready.</summary>
internal static class StartOrder
{
    /// <summary>Roles a machine's config refers to, each once.</summary>
    internal static IReadOnlyList<string> WaitsFor(MachineSpec machine) =>
        [.. Reference.In(machine.Config).Where(r => r.Member == Reference.Address).Select(r => r.Name).Distinct()];

    /// <summary>The machine that gives the others their addresses: the first that is referred to; null when none is.</summary>
    internal static string? AddressServer(IReadOnlyList<MachineSpec> machines)
    {
        HashSet<string> referred = [.. machines.SelectMany(WaitsFor)];
        return machines.Select(m => m.Name).FirstOrDefault(referred.Contains);
    }

    /// <summary>Machines that wait for each other in a ring, the first again at the end: <c>hub → spoke → hub</c>; null when there is none.</summary>
    internal static string? Cycle(IReadOnlyList<MachineSpec> machines)
    {
        var known = machines.ToDictionary(m => m.Name);
        var done = new HashSet<string>();
        return machines.Select(m => From(m.Name, [])).FirstOrDefault(ring => ring is not null);

        string? From(string name, List<string> path)
        {
            int before = path.IndexOf(name);
            if (before >= 0)
                return string.Join(" → ", path.Skip(before).Append(name));
            if (!known.TryGetValue(name, out MachineSpec? machine) || !done.Add(name))
                return null;
            List<string> further = [.. path, name];
            return WaitsFor(machine).Select(next => From(next, further)).FirstOrDefault(ring => ring is not null);
        }
    }
}
