using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>
/// An answer as it grows: points that come in any order and from any level find their place; those finer than the
/// answer are taken together by the time that they stand for, those coarser fill what they span. Nobody adds the same
/// time of a series twice.
/// </summary>
internal sealed class UsagePage
{
    /// <summary>
    /// Points of all series of an answer; what is beyond is left out, and said to be. Some 60 MB while it is made.
    /// </summary>
    public const int MaxCells = 300_000;

    private readonly UsageQuery _query;
    private readonly Dictionary<(string Namespace, string Name, string Container), Entry> _entries = [];
    private bool _isCut;

    public UsagePage(UsageQuery query)
    {
        _query = query;
        Step = query.Step;
        Start = UsageLevel.Floor(query.Start, query.Step);
        Points = (int)Math.Min(MaxCells, Math.Ceiling((query.End - Start) / Step));
        End = Start + (Step * Points);
    }

    public DateTimeOffset Start { get; }

    public DateTimeOffset End { get; }

    public TimeSpan Step { get; }

    public int Points { get; }

    /// <summary>Whether the answer is to have something, and has room for it.</summary>
    public bool Wants(UsageOf of)
    {
        var asked = (_query.Namespace is null ? of.Namespace.Length > 0 : _query.Namespace == of.Namespace)
            && (_query.Name is null || _query.Name == of.Name)
            && (_query.Node is null || _query.Node == of.Node)
            && (_query.Owner is null || _query.Owner == of.Owner);
        if (!asked)
        {
            return false;
        }

        var hasRoom = (_entries.Count + 1) * Points <= MaxCells
            || _entries.ContainsKey((of.Namespace, of.Name, of.Container));
        _isCut |= !hasRoom;
        return hasRoom;
    }

    /// <summary>Adds points of one series.</summary>
    /// <param name="of">Whose they are.</param>
    /// <param name="start">The time of the first.</param>
    /// <param name="step">From one to the next.</param>
    /// <param name="values">By metric, then by point.</param>
    public void Add(UsageOf of, DateTimeOffset start, TimeSpan step, long?[][] values)
    {
        var key = (of.Namespace, of.Name, of.Container);
        if (!_entries.TryGetValue(key, out var entry))
        {
            _entries.Add(key, entry = new Entry(Points));
        }

        if (start >= entry.Newest)
        {
            (entry.Newest, entry.Of) = (start, of);
        }

        for (var i = 0; i < values[0].Length; i++)
        {
            var time = start + (step * i);
            for (var at = time; at < time + step; at += Step)
            {
                if (at >= Start && at < End)
                {
                    entry.Add((int)((at - Start) / Step), (float)step.TotalSeconds, values, i);
                }
            }
        }
    }

    public UsageHistoryPage Finish() => new(
        Start,
        Step,
        Points,
        [
            .. _entries.Values.Select(static e => e.Finish()).OrderBy(static s => s.Namespace, StringComparer.Ordinal)
                .ThenBy(static s => s.Name, StringComparer.Ordinal)
                .ThenBy(static s => s.Container, StringComparer.Ordinal),
        ],
        _isCut);

    private sealed class Entry(int points)
    {
        private readonly double[][] _sums = Columns<double>(points);
        private readonly float[][] _weights = Columns<float>(points);

        public UsageOf Of { get; set; }

        public DateTimeOffset Newest { get; set; } = DateTimeOffset.MinValue;

        public void Add(int point, float seconds, long?[][] values, int from)
        {
            for (var metric = 0; metric < UsageSeries.Metrics; metric++)
            {
                if (values[metric][from] is { } value)
                {
                    ref var sum = ref _sums[metric][point];
                    ref var weight = ref _weights[metric][point];
                    (sum, weight) = metric == (int)UsageMetric.Restarts
                        ? (Math.Max(sum, value), 1)
                        : (sum + (value * (double)seconds), weight + seconds);
                }
            }
        }

        private static T[][] Columns<T>(int points) =>
            [.. Enumerable.Range(0, UsageSeries.Metrics).Select(_ => new T[points])];

        public UsageSeries Finish()
        {
            var series = UsageSeries.Empty(Of.Namespace, Of.Name, Of.Container, points);
            (series.Node, series.Owner) = (Of.Node, Of.Owner);
            for (var metric = 0; metric < UsageSeries.Metrics; metric++)
            {
                for (var i = 0; i < points; i++)
                {
                    if (_weights[metric][i] > 0)
                    {
                        series.Values[metric][i] = (long)Math.Round(_sums[metric][i] / _weights[metric][i]);
                    }
                }
            }

            return series;
        }
    }
}
