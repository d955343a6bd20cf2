namespace OrleansOrchestrator.Golden;

/// <summary>
/// The steps that do not pass, each with the reason. A file of them has lines <c># REASON</c>, each followed by the
/// steps that it explains, and lines of a step, a tab and its reason. <c>SCENARIO#*</c> is all steps of a scenario.
/// </summary>
public sealed class KnownFailures
{
    /// <summary>The reason of a step that nobody has looked at; the test takes it for none.</summary>
    public const string NotLookedAt = "not yet looked at";

    private const string Whole = "*";

    private readonly Dictionary<string, string> _reasons = new(StringComparer.Ordinal);

    /// <summary>What is listed without a reason that somebody has found.</summary>
    public IEnumerable<string> Unexplained => _reasons.Where(r => r.Value == NotLookedAt).Select(r => r.Key);

    /// <summary>Reads a list.</summary>
    /// <exception cref="InvalidDataException">A step has no reason, or two.</exception>
    public static KnownFailures Read(IEnumerable<string> lines)
    {
        var known = new KnownFailures();
        string? reason = null;
        foreach (var line in lines.Where(l => l.Length > 0))
        {
            if (line.StartsWith("# ", StringComparison.Ordinal))
            {
                reason = line[2..];
                continue;
            }

            var (step, own) = line.Split('\t') is [var left, var right] ? (left, right) : (line, reason);
            if (string.IsNullOrWhiteSpace(own) || !known._reasons.TryAdd(step, own))
            {
                throw new InvalidDataException($"{step} has {(own is null ? "no reason" : "two reasons")}.");
            }
        }

        return known;
    }

    /// <summary>Why a step does not pass; null when it is to pass.</summary>
    public string? ReasonOf(string id) =>
        _reasons.GetValueOrDefault(id) ?? _reasons.GetValueOrDefault(ScenarioOf(id) + Whole);

    /// <summary>
    /// The list as it is after a replay: what passes is gone, what fails keeps its reason, and what was not replayed
    /// stays.
    /// </summary>
    /// <param name="results">Every replayed step, and whether it passed.</param>
    public IEnumerable<string> After(IReadOnlyCollection<(string Id, bool Passed)> results)
    {
        var scenarios = results.ToLookup(r => ScenarioOf(r.Id));
        var kept = _reasons.Where(r => !scenarios.Contains(ScenarioOf(r.Key)))
            .Select(r => (Step: r.Key, Reason: r.Value));
        var listed = kept.Concat(scenarios.SelectMany(s => EntriesOf(s.Key, [.. s])));
        foreach (var group in listed.GroupBy(e => e.Reason).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            yield return $"# {group.Key}";
            foreach (var (step, _) in group.OrderBy(e => e.Step, StringComparer.Ordinal))
            {
                yield return step;
            }

            yield return "";
        }
    }

    /// <summary>Up to the sign that ends the scenario's name.</summary>
    private static string ScenarioOf(string id) => id[..(id.IndexOf('#', StringComparison.Ordinal) + 1)];

    private IEnumerable<(string Step, string Reason)> EntriesOf(string scenario, List<(string Id, bool Passed)> steps)
    {
        var failed = steps.Where(s => !s.Passed)
            .Select(s => (Step: s.Id, Reason: ReasonOf(s.Id) ?? NotLookedAt)).ToList();
        return failed.Count == steps.Count && failed.DistinctBy(f => f.Reason).Count() == 1
            ? [(scenario + Whole, failed[0].Reason)]
            : failed;
    }
}
