using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>What is known of an event that was written.</summary>
public sealed class EventRecord
{
    /// <summary>The Event object.</summary>
    public ObjectKey Key { get; set; }

    public int Count { get; set; }

    public string Message { get; set; } = "";

    public DateTimeOffset First { get; init; }
}

/// <summary>
/// Upstream's three measures against floods of events: equal notes are counted; more than ten similar ones (all equal
/// but the message) within
/// ten minutes are combined; and one component has a budget of 25 events per object, refilled by one in five minutes.
/// </summary>
public sealed class EventCorrelator(TimeProvider time)
{
    /// <summary>Similar notes before they are combined.</summary>
    public const int MaxSimilar = 10;

    /// <summary>Events of one component about one object that may be written at once.</summary>
    public const int Burst = 25;

    private const int MaxKnown = 4_096;
    private static readonly TimeSpan SimilarWindow = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Refill = TimeSpan.FromMinutes(5);

    private readonly BoundedTable<(string, string, string, string), Similar> _similar = new(MaxKnown);
    private readonly BoundedTable<(string, string, string, string, string), EventRecord> _written = new(MaxKnown);
    private readonly BoundedTable<(string, string), Budget> _budgets = new(MaxKnown);

    /// <summary>The event to create (count 1) or to count up; null when the budget is spent.</summary>
    public EventRecord? Correlate(string component, EventNote note)
    {
        var now = time.GetUtcNow();
        var about = $"{note.Involved.Kind}/{note.Involved.NamespaceProperty}/{note.Involved.Name}/{note.Involved.Uid}";
        var combined = IsFlood((component, about, note.Type, note.Reason), note.Message, now);
        var record = _written.GetOrAdd(
            (component, about, note.Type, note.Reason, combined ? "" : note.Message), () => new EventRecord { First = now });
        record.Count++;
        record.Message = combined ? $"(combined from similar events): {note.Message}" : note.Message;
        return _budgets.GetOrAdd((component, about), () => new Budget(Burst, now)).TryTake(now) ? record : null;
    }

    private bool IsFlood((string, string, string, string) key, string message, DateTimeOffset now)
    {
        var similar = _similar.GetOrAdd(key, () => new Similar());
        if (now - similar.Last > SimilarWindow)
        {
            similar.Messages.Clear();
        }

        similar.Last = now;
        if (similar.Messages.Count < MaxSimilar)
        {
            similar.Messages.Add(message);
        }

        return similar.Messages.Count >= MaxSimilar;
    }

    private sealed class Similar
    {
        public HashSet<string> Messages { get; } = new(StringComparer.Ordinal);

        public DateTimeOffset Last { get; set; }
    }

    private sealed class Budget(double tokens, DateTimeOffset last)
    {
        private double _tokens = tokens;
        private DateTimeOffset _last = last;

        public bool TryTake(DateTimeOffset now)
        {
            _tokens = Math.Min(Burst, _tokens + ((now - _last) / Refill));
            _last = now;
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }
}

/// <summary>A table that forgets its oldest entries.</summary>
public sealed class BoundedTable<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TValue> _entries = [];
    private readonly Queue<TKey> _order = new();

    public TValue GetOrAdd(TKey key, Func<TValue> create)
    {
        if (_entries.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_entries.Count >= capacity)
        {
            _entries.Remove(_order.Dequeue());
        }

        _order.Enqueue(key);
        return _entries[key] = create();
    }
}
