using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// One committed change as a silo's watchers see it. One instance is shared by all of them, so what it costs to frame
/// it is paid once (P6).
/// </summary>
public sealed class CacheEvent(ChangeKind kind, ResourceObject item, ResourceObject? previous)
{
    private object? _frame;

    public ChangeKind Kind { get; } = kind;

    /// <summary>The new version; for a deletion the last state, carrying the deletion's revision.</summary>
    public ResourceObject Object { get; } = item;

    /// <summary>The version before; null for an addition.</summary>
    public ResourceObject? Previous { get; } = previous;

    /// <summary>True for a revision without a change, which no watcher is told of.</summary>
    public bool IsNothing => Object.Key.Name.Length == 0;

    /// <summary>The event's place in the order of its resource.</summary>
    public long Revision => Object.Revision;

    /// <summary>
    /// The bytes or parts that all watchers of one form share, made by the first who needs them. Two racing first
    /// callers may both build; one result wins and everyone gets that one.
    /// </summary>
    /// <typeparam name="T">The frame's type; another type replaces what is kept.</typeparam>
    public T Frame<T>(Func<CacheEvent, T> build)
        where T : class
    {
        var known = Volatile.Read(ref _frame);
        if (known is T frame)
        {
            return frame;
        }

        var fresh = build(this);
        return Interlocked.CompareExchange(ref _frame, fresh, known) is T winner ? winner : fresh;
    }
}
