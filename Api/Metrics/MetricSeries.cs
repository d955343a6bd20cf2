using System.Diagnostics.Metrics;

namespace OrleansOrchestrator.Api.Metrics;

/// <summary>
/// The tags of one series; equality is by content, and a span of tags can be looked up without making one.
/// </summary>
internal readonly struct TagSet(KeyValuePair<string, object?>[] tags)
{
    public KeyValuePair<string, object?>[] Tags => tags;
}

/// <summary>Compares tags by content, in order: an instrument's callers always give them in the same order.</summary>
internal sealed class TagSetComparer : IEqualityComparer<TagSet>, IAlternateEqualityComparer<ReadOnlySpan<KeyValuePair<string, object?>>, TagSet>
{
    public static readonly TagSetComparer Instance = new();

    public bool Equals(TagSet x, TagSet y) => Equals(x.Tags, y);

    public int GetHashCode(TagSet obj) => GetHashCode(obj.Tags);

    public bool Equals(ReadOnlySpan<KeyValuePair<string, object?>> alternate, TagSet other)
    {
        if (alternate.Length != other.Tags.Length)
        {
            return false;
        }

        for (var i = 0; i < alternate.Length; i++)
        {
            if (alternate[i].Key != other.Tags[i].Key || !Equals(alternate[i].Value, other.Tags[i].Value))
            {
                return false;
            }
        }

        return true;
    }

    /// <remarks>
    /// Of values only, since the keys of an instrument are the same, and of a few characters of each: every request is
    /// looked up several times, among tens of series (at most <see cref="MetricFamily.MaxSeries"/>).
    /// </remarks>
    public int GetHashCode(ReadOnlySpan<KeyValuePair<string, object?>> alternate)
    {
        var hash = alternate.Length;
        foreach (var (_, value) in alternate)
        {
            hash = (hash * 31) + HashOf(value);
        }

        return hash;
    }

    public TagSet Create(ReadOnlySpan<KeyValuePair<string, object?>> alternate) => new(alternate.ToArray());

    private static int HashOf(object? value) => value is not string text ? value?.GetHashCode() ?? 0
        : text.Length == 0 ? 0
        : text.Length + (text[0] << 6) + (text[text.Length / 2] << 12) + (text[^1] << 18);
}

/// <summary>
/// One number, or one histogram, that measurements add up to. Every request adds to a dozen, so nothing is locked: who
/// reads a histogram may see a measurement in its buckets that is not in the sum yet.
/// </summary>
internal sealed class MetricSeries(double[]? bounds)
{
    private readonly long[]? _buckets = bounds is null ? null : new long[bounds.Length + 1];
    private double _value;

    /// <summary>Adds to a counter or histogram.</summary>
    public void Add(double value)
    {
        if (_buckets is not null)
        {
            var at = Array.BinarySearch(bounds!, value);
            Interlocked.Increment(ref _buckets[at < 0 ? ~at : at]);
        }

        double before, seen = Volatile.Read(ref _value);
        do
        {
            before = seen;
            seen = Interlocked.CompareExchange(ref _value, before + value, before);
        }
        while (!seen.Equals(before));
    }

    /// <summary>The observation in which it was set last.</summary>
    public int Round { get; private set; }

    /// <summary>Replaces the value of a gauge, or of an observed counter.</summary>
    public void Set(double value, int round)
    {
        Round = round;
        Volatile.Write(ref _value, value);
    }

    /// <summary>The value or sum, how many measurements, and the histogram's cumulative buckets.</summary>
    public (double Value, long Count, long[]? Cumulative) Read()
    {
        var value = Volatile.Read(ref _value);
        if (_buckets is null)
        {
            return (value, 0, null);
        }

        var cumulative = new long[_buckets.Length];
        long sum = 0;
        for (var i = 0; i < _buckets.Length; i++)
        {
            cumulative[i] = sum += Volatile.Read(ref _buckets[i]);
        }

        return (value, sum, cumulative);
    }
}

/// <summary>All series of one instrument.</summary>
internal sealed class MetricFamily
{
    /// <summary>
    /// Series of one instrument; measurements with yet other tags are dropped, so that outside input cannot fill the
    /// memory.
    /// </summary>
    public const int MaxSeries = 2000;

    /// <summary>Seconds; the shape of upstream's request durations.</summary>
    private static readonly double[] DefaultBounds =
        [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

    private readonly System.Collections.Concurrent.ConcurrentDictionary<TagSet, MetricSeries> _series =
        new(TagSetComparer.Instance);
    private readonly bool _isSet;
    private int _round;

    public MetricFamily(Instrument instrument)
    {
        Instrument = instrument;
        var type = instrument.GetType();
        var shape = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        IsCounter = shape == typeof(Counter<>) || shape == typeof(ObservableCounter<>);
        _isSet = instrument.IsObservable || shape == typeof(Gauge<>);
        Bounds = instrument is ObservedHistogram observed ? observed.Bounds
            : shape == typeof(Histogram<>) ? BoundsOf(instrument)
            : null;
    }

    public Instrument Instrument { get; }

    public bool IsCounter { get; }

    /// <summary>Not null for histograms.</summary>
    public double[]? Bounds { get; }

    /// <summary>
    /// Of each series the value or sum, how many measurements, and the histogram's cumulative buckets.
    /// </summary>
    public IEnumerable<(TagSet Tags, double Value, long Count, long[]? Cumulative)> Read() =>
        Instrument is ObservedHistogram observed
            ? observed.Read().Select(static r => (new TagSet(r.Tags), r.Sum, r.Cumulative[^1], (long[]?)r.Cumulative))
            : _series.Select(static s =>
            {
                var (value, count, cumulative) = s.Value.Read();
                return (s.Key, value, count, cumulative);
            });

    /// <summary>An observation begins.</summary>
    public void BeginRound() => _round++;

    /// <summary>An observation is over: what it has not shown is no longer there.</summary>
    public void EndRound()
    {
        foreach (var (tags, _) in _series.Where(s => Instrument.IsObservable && s.Value.Round != _round))
        {
            _series.TryRemove(tags, out _);
        }
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var byTags = _series.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        if (!byTags.TryGetValue(tags, out var series))
        {
            if (_series.Count >= MaxSeries)
            {
                return;
            }

            series = _series.GetOrAdd(new TagSet(tags.ToArray()), new MetricSeries(Bounds));
        }

        if (_isSet)
        {
            series.Set(value, _round);
        }
        else
        {
            series.Add(value);
        }
    }

    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } bounds } => [.. bounds.Select(b => (double)b)],
        _ => DefaultBounds,
    };
}
