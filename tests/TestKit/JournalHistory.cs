using System.Collections.Concurrent;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.TestKit;

/// <summary>What a client did and was told, and when.</summary>
/// <param name="Kind">What it asked for.</param>
/// <param name="Key">Of which object.</param>
/// <param name="Began">Position in real time before the call.</param>
/// <param name="Ended">Position in real time after the answer.</param>
/// <param name="Revision">Of the committed write, or of the state that a read saw; 0 for a refusal or an unknown
/// outcome.</param>
/// <param name="Seen">The version that was written or read; null when there was none.</param>
public sealed record HistoryStep(
    HistoryKind Kind, ObjectKey Key, long Began, long Ended, long Revision, ResourceObject? Seen);

public enum HistoryKind
{
    Write,
    RefusedBecauseItExists,
    RefusedBecauseItIsAbsent,
    Read,

    /// <summary>
    /// A read that does not tell at which revision: the object as it was at some instant of the call.
    /// </summary>
    ReadOne,
}

/// <summary>What one watcher got: everything after a revision.</summary>
public sealed record HistoryWatch(long After, List<Change> Events);

/// <summary>
/// A record of concurrent clients, checked against the change log. Because every write has its place in the log,
/// linearizability needs no search: an order is given, and what is left to check is that it agrees with real time and
/// that everyone saw states of it. Violations are named after the promises.
/// </summary>
public sealed class JournalHistory
{
    private readonly ConcurrentBag<HistoryStep> _steps = [];
    private readonly ConcurrentBag<HistoryWatch> _watches = [];
    private long _clock;

    public int Steps => _steps.Count;

    /// <summary>A position in real time; later calls get larger ones.</summary>
    public long Now() => Interlocked.Increment(ref _clock);

    public void Add(HistoryStep step) => _steps.Add(step);

    public void Add(HistoryWatch watch) => _watches.Add(watch);

    /// <summary>All violations; empty for a correct run.</summary>
    public List<string> Check(IReadOnlyList<Change> log)
    {
        var violations = new List<string>();
        CheckLog(log, violations);
        if (violations.Count == 0)
        {
            CheckDurable(log, violations);
            CheckRealTime(violations);
            CheckReads(log, violations);
            CheckSingleReads(log, violations);
            CheckRefusals(log, violations);
            CheckWatches(log, violations);
        }

        return violations;
    }

    /// <summary>The log is dense and each change follows from the one before of its object.</summary>
    private static void CheckLog(IReadOnlyList<Change> log, List<string> violations)
    {
        var current = new Dictionary<ObjectKey, long>();
        for (var i = 0; i < log.Count; i++)
        {
            var (change, key) = (log[i], log[i].Object.Key);
            var before = current.GetValueOrDefault(key);
            if (change.Object.Revision != IJournalStore.FirstRevision + 1 + i)
            {
                violations.Add($"Dense: {change.Object.Revision} is at position {i} of the log");
            }

            if (change.PreviousRevision != before || (change.Kind == ChangeKind.Added) != (before == 0))
            {
                violations.Add($"Ordered: {change.Kind} {key} at {change.Object.Revision} follows {before}");
            }

            current[key] = change.Kind == ChangeKind.Deleted ? 0 : change.Object.Revision;
        }
    }

    /// <summary>What was acknowledged is in the log, once, as it was answered.</summary>
    private void CheckDurable(IReadOnlyList<Change> log, List<string> violations)
    {
        var seen = new HashSet<long>();
        foreach (var step in _steps.Where(s => s is { Kind: HistoryKind.Write, Revision: > 0 }))
        {
            var index = (int)(step.Revision - IJournalStore.FirstRevision - 1);
            if (index >= log.Count || !SameBytes(log[index].Object, step.Seen!))
            {
                violations.Add($"Durable: the acknowledged write {step.Key} at {step.Revision} is not in the log");
            }

            if (!seen.Add(step.Revision))
            {
                violations.Add($"Unique: revision {step.Revision} was given twice");
            }
        }
    }

    /// <summary>What begins after something ended does not see less than that.</summary>
    private void CheckRealTime(List<string> violations)
    {
        var newest = 0L;
        var events = _steps.Where(s => s.Revision > 0)
            .SelectMany(s => new[] { (At: s.Began, Step: s, IsEnd: false), (At: s.Ended, Step: s, IsEnd: true) })
            .OrderBy(e => e.At);
        var floors = new Dictionary<HistoryStep, long>(ReferenceEqualityComparer.Instance);
        foreach (var (_, step, isEnd) in events)
        {
            if (!isEnd)
            {
                floors[step] = newest;
                continue;
            }

            var floor = floors[step];
            if (step.Kind == HistoryKind.Write ? step.Revision <= floor : step.Revision < floor)
            {
                violations.Add($"Linearizable: {step.Kind} {step.Key} saw {step.Revision} after {floor} had been seen");
            }

            newest = Math.Max(newest, step.Revision);
        }
    }

    /// <summary>A read shows its object as it was at the read's revision.</summary>
    private void CheckReads(IReadOnlyList<Change> log, List<string> violations)
    {
        var byKey = log.ToLookup(c => c.Object.Key);
        foreach (var step in _steps.Where(s => s.Kind == HistoryKind.Read))
        {
            var expected = StateAt(byKey[step.Key], step.Revision);
            if (expected?.Revision != step.Seen?.Revision || (expected is not null && !SameBytes(expected, step.Seen!)))
            {
                violations.Add(
                    $"Exact: a read of {step.Key} at {step.Revision} saw {step.Seen?.Revision}, the log says {expected?.Revision}");
            }
        }
    }

    /// <summary>What was read alone had not been replaced before the call began.</summary>
    private void CheckSingleReads(IReadOnlyList<Change> log, List<string> violations)
    {
        var floorOf = Floors();
        var byKey = log.ToLookup(c => c.Object.Key);
        foreach (var step in _steps.Where(s => s.Kind == HistoryKind.ReadOne))
        {
            var changes = byKey[step.Key];
            var before = changes.LastOrDefault(c => c.Object.Revision <= floorOf(step));
            var possible = changes.Where(c => c.Object.Revision >= (before?.Object.Revision ?? 0));
            var isPossible = step.Seen is { } seen
                ? possible.Any(c => c.Kind != ChangeKind.Deleted && SameBytes(c.Object, seen))
                : before is null || possible.Any(static c => c.Kind == ChangeKind.Deleted);
            if (!isPossible)
            {
                violations.Add($"Linearizable: a read of {step.Key} saw {step.Seen?.Revision} after {before?.Object.Revision} had been seen");
            }
        }
    }

    /// <summary>The newest revision that somebody had been told of before a step began.</summary>
    private Func<HistoryStep, long> Floors()
    {
        var acknowledged = _steps.Where(s => s.Revision > 0).OrderBy(s => s.Ended).ToArray();
        var newest = new long[acknowledged.Length + 1];
        for (var i = 0; i < acknowledged.Length; i++)
        {
            newest[i + 1] = Math.Max(newest[i], acknowledged[i].Revision);
        }

        var ends = Array.ConvertAll(acknowledged, static s => s.Ended);
        return step => newest[~Array.BinarySearch(ends, step.Began)];
    }

    /// <summary>A refusal was true at some instant between call and answer.</summary>
    private void CheckRefusals(IReadOnlyList<Change> log, List<string> violations)
    {
        var floorOf = Floors();
        var byKey = log.ToLookup(c => c.Object.Key);
        foreach (var step in _steps.Where(s => s.Kind is HistoryKind.RefusedBecauseItExists or HistoryKind.RefusedBecauseItIsAbsent))
        {
            var floor = floorOf(step);
            var wanted = step.Kind == HistoryKind.RefusedBecauseItExists;
            var possible = byKey[step.Key].Where(c => c.Object.Revision > floor).Any(
                c => (c.Kind != ChangeKind.Deleted) == wanted)
                || (StateAt(byKey[step.Key], floor) is not null) == wanted;
            if (!possible)
            {
                violations.Add($"Refused: {step.Kind} of {step.Key} was never true after {floor}");
            }
        }
    }

    /// <summary>A watch is an unbroken run of the log.</summary>
    private void CheckWatches(IReadOnlyList<Change> log, List<string> violations)
    {
        foreach (var watch in _watches)
        {
            var first = (int)(watch.After - IJournalStore.FirstRevision);
            for (var i = 0; i < watch.Events.Count; i++)
            {
                var (got, index) = (watch.Events[i], first + i);
                if (index >= log.Count || got.Object.Revision != log[index].Object.Revision)
                {
                    violations.Add(
                        $"Reliable: a watch after {watch.After} got {got.Object.Revision} as number {i + 1}");
                    break;
                }

                if (got.Kind != log[index].Kind || got.PreviousRevision != log[index].PreviousRevision
                    || !SameBytes(got.Object, log[index].Object))
                {
                    violations.Add($"Exact: a watch after {watch.After} got {got.Kind} {got.Object.Key} wrong");
                }
            }
        }
    }

    private static ResourceObject? StateAt(IEnumerable<Change> changes, long revision)
    {
        ResourceObject? state = null;
        foreach (var change in changes.TakeWhile(c => c.Object.Revision <= revision))
        {
            state = change.Kind == ChangeKind.Deleted ? null : change.Object;
        }

        return state;
    }

    private static bool SameBytes(ResourceObject left, ResourceObject right) =>
        left.Revision == right.Revision && left.Key == right.Key && left.Json.Span.SequenceEqual(right.Json.Span);
}
