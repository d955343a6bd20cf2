using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>What a watcher is told about a change.</summary>
public enum WatchEventType
{
    /// <summary>Nothing: the change is outside of the selection, before and after.</summary>
    None,
    Added,
    Modified,
    Deleted,
}

/// <summary>
/// Turns a change of the resource into an event of one selection. An object that comes to match is ADDED, one that
/// ceases to match is DELETED: with its last matching state, but with the resourceVersion of the change, so that
/// clients can resume after it.
/// </summary>
public static class WatchTransition
{
    /// <summary>The event's type and the bytes of its object.</summary>
    public static (WatchEventType Type, ReadOnlyMemory<byte> Json) Of(CacheEvent change, ObjectSelection selection)
    {
        if (!selection.HasSelectors)
        {
            return selection.Matches(change.Object) ? (TypeOf(change.Kind), change.Object.Json) : default;
        }

        var before = change.Kind != ChangeKind.Added && selection.Matches(change.Previous ?? change.Object);
        if (change.Kind == ChangeKind.Deleted)
        {
            return before ? (WatchEventType.Deleted, change.Object.Json) : default;
        }

        var after = selection.Matches(change.Object);
        return (before, after) switch
        {
            (true, true) => (WatchEventType.Modified, change.Object.Json),
            (false, true) => (WatchEventType.Added, change.Object.Json),
            (true, false) => (WatchEventType.Deleted, Frames.Of(change).Left),
            _ => default,
        };
    }

    private static WatchEventType TypeOf(ChangeKind kind) => kind switch
    {
        ChangeKind.Added => WatchEventType.Added,
        ChangeKind.Deleted => WatchEventType.Deleted,
        _ => WatchEventType.Modified,
    };

    /// <summary>What watchers of one change share beyond its committed bytes.</summary>
    private sealed class Frames(CacheEvent change)
    {
        private byte[]? _left;

        /// <summary>
        /// The previous state at the change's revision; made for the first watcher whose selection it leaves.
        /// </summary>
        public ReadOnlyMemory<byte> Left =>
            _left ??= ObjectSlices.WithResourceVersion((change.Previous ?? change.Object).Json.Span, change.Revision);

        public static Frames Of(CacheEvent change) => change.Frame(static c => new Frames(c));
    }
}
