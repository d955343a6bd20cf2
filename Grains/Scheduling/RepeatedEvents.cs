namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>An event whose failure was met again.</summary>
/// <param name="Note">What it says, as of the first time.</param>
/// <param name="Name">Its name.</param>
/// <param name="Count">How often, the first time included.</param>
/// <param name="Seen">When that was last.</param>
internal sealed record RepeatedEvent(SchedulingNote Note, string Name, int Count, DateTimeOffset Seen)
{
    /// <summary>True when it was for the first time that it was met again.</summary>
    public bool IsFirst => Count == 2;

    /// <summary>How often writing its count failed.</summary>
    public int Failures { get; init; }
}

/// <summary>
/// Failures that have an event already: another one of the same version of a pod only counts on it, whatever it says.
/// As upstream's event broadcaster has it, the first repetition is written at once, the count then each half an hour,
/// and once more when the series has ended. Thread-safe.
/// </summary>
internal sealed class RepeatedEvents(TimeProvider time)
{
    /// <summary>A series in which nothing was met for so long has ended; it is looked at as often.</summary>
    public static readonly TimeSpan End = TimeSpan.FromMinutes(6);

    /// <summary>So often at most a count of a series is put back.</summary>
    public const int MaxPutBack = 12;

    private const int MaxRemembered = 8_192;

    /// <summary>Of so many looks one is for the counts of series that go on: each half an hour.</summary>
    private const int LooksPerRefresh = 5;

    private readonly Dictionary<(string Uid, long Revision), Series> _series = [];
    private readonly Lock _lock = new();
    private int _looks;

    /// <summary>
    /// The repetition that a failure is; null when it is the first, whose event then has the new name. It is known
    /// before it is written: the next failure may come while it is.
    /// </summary>
    public RepeatedEvent? Count(SchedulingNote note, string newName)
    {
        var (key, now) = ((note.Pod.Uid, note.Pod.Revision), time.GetUtcNow());
        lock (_lock)
        {
            if (_series.TryGetValue(key, out var series))
            {
                series.Event = series.Event with { Count = series.Event.Count + 1, Seen = now };
                return series.Event;
            }

            if (_series.Count >= MaxRemembered)
            {
                _series.Clear();
            }

            _series.Add(key, new Series { Event = new RepeatedEvent(note, newName, 1, now), Written = 2 });
            return null;
        }
    }

    /// <summary>What is to be written now; to be asked for after each <see cref="End"/>.</summary>
    public IReadOnlyList<RepeatedEvent> Take()
    {
        lock (_lock)
        {
            var (isRefresh, over) = (++_looks % LooksPerRefresh == 0, time.GetUtcNow() - End);
            var due = new List<RepeatedEvent>();
            foreach (var (key, series) in _series)
            {
                var hasEnded = series.Event.Seen < over;
                if (hasEnded)
                {
                    _series.Remove(key);
                }

                if ((hasEnded || isRefresh || series.Event.Failures > 0) && series.Event.Count > series.Written)
                {
                    series.Written = series.Event.Count;
                    due.Add(series.Event);
                    series.Event = series.Event with { Failures = 0 }; // whoever puts it back says how many it were
                }
            }

            return due;
        }
    }

    /// <summary>
    /// Writing what was due failed, as it may not the next time: it is due again then, a limited number of times.
    /// </summary>
    public void PutBack(RepeatedEvent repeated)
    {
        if (repeated.Failures >= MaxPutBack)
        {
            return;
        }

        var key = (repeated.Note.Pod.Uid, repeated.Note.Pod.Revision);
        lock (_lock)
        {
            if (!_series.TryGetValue(key, out var series) && _series.Count < MaxRemembered)
            {
                _series.Add(key, series = new Series { Event = repeated, Written = repeated.Count });
            }

            if (series is not null && series.Event.Name == repeated.Name)
            {
                series.Event = series.Event with { Failures = repeated.Failures + 1 };
                series.Written = Math.Min(series.Written, repeated.Count - 1);
            }
        }
    }

    private sealed class Series
    {
        public required RepeatedEvent Event { get; set; }

        /// <summary>The highest count that was written; the first two are, at once.</summary>
        public required int Written { get; set; }
    }
}
