using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>One line of the history: what a container, pod or node used over a round.</summary>
/// <param name="Of">Whose it is.</param>
/// <param name="Values">By <see cref="UsageMetric"/>.</param>
internal readonly record struct UsageLine(UsageSample Of, long?[] Values)
{
    public UsageOf Whose => new(Of.Namespace, Of.Name, Of.Container, Of.Node, Of.Owner);
}

/// <summary>
/// Turns what nodes count since the start of things into what was used from round to round. A count that fell, or a
/// start since the last round, is another run: from then on it is compared with that.
/// </summary>
internal sealed class UsageRates
{
    private const double CpuUnits = 10_000;
    private const double MemoryUnit = 1024;

    /// <summary>Longer ago, a round says nothing of this one: there were others between, which nobody has.</summary>
    private static readonly TimeSpan LongestGap = TimeSpan.FromSeconds(3 * UsageRound.PeriodSeconds);

    // More than anything has, and far below what the codec can hold.
    private const double Most = 1L << 60;

    private Dictionary<(string Namespace, string Name, string Container), UsageSample> _last = [];

    /// <summary>The lines of a round, in the order of namespace, name and container.</summary>
    public IReadOnlyList<UsageLine> Next(UsageRound round)
    {
        var now = new Dictionary<(string, string, string), UsageSample>(round.Samples.Count);
        var lines = new List<UsageLine>(round.Samples.Count);
        foreach (var sample in round.Samples)
        {
            var key = (sample.Namespace, sample.Name, sample.Container);
            if (now.TryAdd(key, sample))
            {
                lines.Add(new UsageLine(sample, Values(sample, _last.GetValueOrDefault(key))));
            }
        }

        _last = now;
        lines.Sort(static (a, b) => Compare(a.Of, b.Of));
        return lines;
    }

    private static int Compare(UsageSample a, UsageSample b) =>
        string.CompareOrdinal(a.Namespace, b.Namespace) is not 0 and var byNamespace ? byNamespace
        : string.CompareOrdinal(a.Name, b.Name) is not 0 and var byName ? byName
        : string.CompareOrdinal(a.Container, b.Container);

    private static long?[] Values(UsageSample now, UsageSample? last)
    {
        var isSameRun = last is not null && !(now.Start > last.Time) && now.Node == last.Node;
        var span = isSameRun ? now.Time - last!.Time : default;
        if (span > LongestGap || span <= TimeSpan.Zero)
        {
            last = null;
        }

        long? Rate(double? count, double? before, double units) =>
            last is not null && count >= before
                ? Whole((count - before) / span.TotalSeconds * units)
                : null;

        return
        [
            Rate(now.CpuSeconds, last?.CpuSeconds, CpuUnits),
            Whole(now.MemoryBytes / MemoryUnit),
            Rate(now.NetworkReceived, last?.NetworkReceived, 1),
            Rate(now.NetworkSent, last?.NetworkSent, 1),
            Rate(now.DiskRead, last?.DiskRead, 1),
            Rate(now.DiskWritten, last?.DiskWritten, 1),
            now.Restarts,
        ];
    }

    private static long? Whole(double? value) =>
        value is >= 0 and <= Most ? (long)Math.Round(value.Value) : null;
}
