namespace Kola.Updates.Omaha;

/// <summary>What is offered to whom, and the files that have ever been offered. Thread-safe.</summary>
internal sealed class OfferList
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, UpdateOffer?> _ofMachines = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, UpdateOffer?> _ofGroups = new(StringComparer.Ordinal);
    private readonly List<Dictionary<string, string>> _shelves = [];
    private UpdateOffer? _default;

    /// <summary>Offers to everybody, or nothing with null. What was said of groups and machines is forgotten.</summary>
    internal void Set(UpdateOffer? offer)
    {
        Put(offer);
        lock (_lock)
        {
            _default = offer;
            _ofGroups.Clear();
            _ofMachines.Clear();
        }
    }

    internal void SetGroup(string group, UpdateOffer? offer)
    {
        Put(offer);
        lock (_lock)
            _ofGroups[group] = offer;
    }

    internal void SetMachine(string machine, UpdateOffer? offer)
    {
        Put(offer);
        lock (_lock)
            _ofMachines[machine] = offer;
    }

    /// <summary>What a client is offered, whatever it runs; null for nothing. A machine goes before its group, a group before all.</summary>
    internal UpdateOffer? Of(OmahaRequest asked)
    {
        lock (_lock)
        {
            return _ofMachines.TryGetValue(asked.MachineId, out UpdateOffer? ofMachine) ? ofMachine
                : _ofGroups.TryGetValue(asked.Track, out UpdateOffer? ofGroup) ? ofGroup
                : _default;
        }
    }

    /// <summary>Where the packages of an offer are below those of the feed: empty, or <c>2/</c>. The same for the same files, or a client would begin anew.</summary>
    internal string ShelfOf(UpdateOffer offer)
    {
        lock (_lock)
            return NameOf(_shelves.FindIndex(shelf => Fits(shelf, offer)));
    }

    /// <summary>The file of an address below those of the packages; null for none.</summary>
    /// <param name="path"><c>update.gz</c>, <c>2/update.gz</c>, unescaped.</param>
    internal string? Find(string path)
    {
        lock (_lock)
        {
            for (int index = 0; index < _shelves.Count; index++)
            {
                foreach ((string name, string file) in _shelves[index])
                {
                    if (NameOf(index) + name == path)
                        return file;
                }
            }

            return null;
        }
    }

    private static string NameOf(int shelf) => shelf == 0 ? "" : FormattableString.Invariant($"{shelf + 1}/");

    // A client puts the name after the address of the packages, and its postinst knows files by their names: two of one name have two addresses.
    private void Put(UpdateOffer? offer)
    {
        if (offer is null)
            return;
        if (offer.Files.FirstOrDefault(file => !File.Exists(file)) is { } missing)
            throw new UsageException($"{missing}: no such file to offer as {offer.Version}\n  wanted:  a payload");
        lock (_lock)
        {
            Dictionary<string, string>? shelf = _shelves.Find(s => offer.Files.All(file => !s.TryGetValue(Path.GetFileName(file), out string? other) || other == Path.GetFullPath(file)));
            if (shelf is null)
                _shelves.Add(shelf = new Dictionary<string, string>(StringComparer.Ordinal));
            foreach (string file in offer.Files)
                shelf[Path.GetFileName(file)] = Path.GetFullPath(file);
        }
    }

    private static bool Fits(Dictionary<string, string> shelf, UpdateOffer offer) =>
        offer.Files.All(file => shelf.TryGetValue(Path.GetFileName(file), out string? there) && there == Path.GetFullPath(file));
}
