using Kola.Ignition;

namespace Kola.Cli.Agreement;

/// <summary>How far kola and ignition-validate agree on a set of configs: verdict, and every error and warning with its path, its words and its line.</summary>
/// <param name="Configs">How many were compared.</param>
/// <param name="Refused">How many of them the program refuses.</param>
/// <param name="Remarks">How many errors and warnings the program made.</param>
/// <param name="Known">Per known difference, in how many configs it shows.</param>
/// <param name="Unknown">What differs and should not, one a line.</param>
internal sealed record Comparison(int Configs, int Refused, int Remarks, IReadOnlyDictionary<string, int> Known, IReadOnlyList<string> Unknown)
{
    /// <summary>What is wrong: differences that are not known, and known ones that do not show.</summary>
    internal IReadOnlyList<string> Problems =>
        [.. Unknown, .. KnownDifference.All.Where(k => !Known.ContainsKey(k.Name)).Select(k => $"known difference \"{k.Name}\" does not show any more: take it out of the table")];

    /// <summary>Compares kola with what the program said.</summary>
    internal static Comparison Of(IReadOnlyList<(CorpusConfig Config, Verdict Theirs)> answers)
    {
        var known = new Dictionary<string, int>();
        var unknown = new List<string>();
        foreach ((CorpusConfig config, Verdict theirs) in answers)
        {
            (string[] names, string[] others) = Compare(OurVerdict(config.Text), theirs);
            foreach (string name in names)
                known[name] = known.GetValueOrDefault(name) + 1;
            unknown.AddRange(others.Select(o => $"{config.Name} ({config.Version ?? "as it is"}): {o}"));
        }

        return new Comparison(answers.Count, answers.Count(a => a.Theirs.Refused), answers.Sum(a => a.Theirs.Remarks.Count), known, unknown);
    }

    /// <summary>What kola says.</summary>
    internal static Verdict OurVerdict(string text)
    {
        ConfigReading<IgnitionConfig> reading = IgnitionConfig.Read(text);
        bool malformed = reading.Errors.Any(e => e.Path == "$" || SpecReader.IsMismatch(e));
        return new Verdict(reading.Config is null, malformed, [.. reading.Problems.Select(Remark).Order(StringComparer.Ordinal)]);
    }

    private static string Remark(ConfigProblem problem) => Verdict.Remark(problem.Severity == ProblemSeverity.Error, problem.At?.Line, problem.Path, problem.Message);

    private static (string[] Known, string[] Unknown) Compare(Verdict ours, Verdict theirs)
    {
        KnownDifference? all = KnownDifference.All.FirstOrDefault(k => k.AllElse && ours.Remarks.Any(r => k.Explains(r, ours: true)) && !theirs.Malformed);
        if (all is not null)
            return ([all.Name], theirs.Refused ? [$"known difference \"{all.Name}\" is refused by the program too"] : []);
        // No version, or one that is no text: to the program that may be a wrong type.
        bool noVersion = ours.Remarks.Any(r => r.Contains("no ignition.version", StringComparison.Ordinal));
        if (theirs.Malformed)
            return ([], ours.Malformed || noVersion ? [] : [$"malformed to the program, to kola {ours.ToString().ReplaceLineEndings(" | ")}"]);
        bool isNull = ours.Remarks.Any(r => r.EndsWith("not an Ignition config", StringComparison.Ordinal)) && theirs.Remarks.Any(r => r.Contains("couldn't parse", StringComparison.Ordinal));
        if (ours.Malformed)
            return noVersion || isNull ? ([], []) : ([], [$"malformed to kola ({string.Join(" | ", ours.Remarks)}), to the program {theirs.ToString().ReplaceLineEndings(" | ")}"]);
        // kola says which version it is, and where; and it finds what is below a key in other case, of which the program knows the place above only.
        bool IsVersion(string remark) => remark.Contains(" $.ignition.version: ", StringComparison.Ordinal);
        string Plain(string remark) => IsVersion(remark) ? $"error - $.ignition.version: {remark[(remark.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}" : remark;
        (string Remark, bool Ours)[] Differing(Func<string, string> plain) =>
            [.. Without(ours.Remarks, theirs.Remarks, plain).Select(r => (r, true)), .. Without(theirs.Remarks, ours.Remarks, plain).Select(r => (r, false))];
        (string Remark, bool Ours)[] differing = Differing(Plain);
        bool places = differing.Length > 0 && ours.Remarks.Any(KnownDifference.IsKeyInOtherCase);
        if (places)
            differing = Differing(remark => WithoutLine(Plain(remark)));
        var explained = differing.Select(d => (d, Known: KnownDifference.All.FirstOrDefault(k => k.Explains(d.Remark, d.Ours) && (d.Ours || k.Ours is null || ours.Remarks.Any(r => k.Explains(r, ours: true)))))).ToList();
        return (
            [.. explained.Where(e => e.Known is not null).Select(e => e.Known!.Name).Distinct().Concat(places ? [KnownDifference.Places.Name] : [])],
            [.. explained.Where(e => e.Known is null).Select(e => $"only {(e.d.Ours ? "kola" : "the program")} says {e.d.Remark}")]);
    }

    // error 12 $.storage.files.0.path: path not absolute
    private static string WithoutLine(string remark) => string.Join(' ', remark.Split(' ', 3) is [var kind, _, var rest] ? [kind, rest] : [remark]);

    // What is said twice of one place counts once: the program does so of a file below two links.
    private static IEnumerable<string> Without(IEnumerable<string> remarks, IEnumerable<string> others, Func<string, string> plain)
    {
        var there = others.Select(plain).ToHashSet();
        return remarks.Where(r => !there.Contains(plain(r))).Distinct();
    }
}
