namespace OrleansOrchestrator.Formats;

/// <summary>
/// Upstream's three measures against floods of events: equal ones are counted; from the tenth on, similar ones (all
/// equal but the message) within ten minutes are combined; and one source has a budget of 25 events per object,
/// refilled by one in five minutes. What the budget leaves out is counted all the same. Not for several threads.
/// </summary>
public sealed class EventCorrelator(TimeProvider time)
{
    /// <summary>Similar events of which the last is combined with what follows.</summary>
    public const int MaxSimilar = 10;

    /// <summary>Events of one source about one object that may be written at once.</summary>
    public const int Burst = 25;

    private const int MaxKnown = 4_096;
    private static readonly TimeSpan SimilarWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly BoundedTable<EventFacts, Similar> _similar = new(MaxKnown);
    private readonly BoundedTable<EventFacts, EventRecord> _written = new(MaxKnown);
    private readonly BoundedTable<(string Source, string About), Budget> _budgets = new(MaxKnown);

    /// <summary>The event to create (it has no name) or to count up; null when the budget is spent.</summary>
    /// <param name="facts">What happened.</param>
    /// <param name="at">When it did: it may have waited since.</param>
    public EventRecord? Correlate(EventFacts facts, DateTimeOffset at)
    {
        var group = facts with { FieldPath = "", Message = "" };
        var combined = IsFlood(group, facts.Message);
        var record = _written.GetOrAdd(combined ? group : facts, () => new EventRecord { First = at });
        record.Count++;
        record.Message = combined ? $"(combined from similar events): {facts.Message}" : facts.Message;
        var budget = _budgets.GetOrAdd((facts.Source, facts.About), () => new Budget(Burst, time.GetTimestamp()));
        return budget.TryTake(time) ? record : null;
    }

    private bool IsFlood(EventFacts group, string message)
    {
        var similar = _similar.GetOrAdd(group, static () => new Similar());
        if (time.GetElapsedTime(similar.Last) > SimilarWindow)
        {
            similar.Messages.Clear();
        }

        similar.Last = time.GetTimestamp();
        if (similar.Messages.Count < MaxSimilar)
        {
            similar.Messages.Add(message);
        }

        return similar.Messages.Count >= MaxSimilar;
    }

    private sealed class Similar
    {
        public HashSet<string> Messages { get; } = new(StringComparer.Ordinal);

        public long Last { get; set; }
    }

    private sealed class Budget(double tokens, long last)
    {
        private double _tokens = tokens;
        private long _last = last;

        public bool TryTake(TimeProvider time)
        {
            _tokens = Math.Min(Burst, _tokens + (time.GetElapsedTime(_last) / Refill));
            _last = time.GetTimestamp();
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}
