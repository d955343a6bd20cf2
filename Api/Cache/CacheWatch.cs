using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Cache;

/// <summary>
/// What to watch. The narrowest of <see cref="Key"/>, <see cref="Field"/> and <see cref="Namespace"/> that is given is
/// served by an index, so that the watcher is not woken for others' events; it does not see those at all. The caller
/// filters by whatever else it wants.
/// </summary>
public sealed record CacheWatchRequest
{
    /// <summary>Events after this revision are delivered, all of them, in order.</summary>
    public required long AfterRevision { get; init; }

    /// <summary>
    /// True when the caller filters by selectors and so needs <see cref="CacheEvent.Previous"/> of every event. A
    /// resume for which the change log no longer has a previous version then is <see cref="CacheWatchEnd.TooOld"/>.
    /// </summary>
    public bool NeedsPrevious { get; init; }

    /// <summary>Only events of this namespace; empty for all.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Only events of this object.</summary>
    public ObjectKey? Key { get; init; }

    /// <summary>
    /// Only events where the object or its previous version has this value in an indexed field. Ignored when the field
    /// has no index.
    /// </summary>
    public CacheField? Field { get; init; }
}

/// <summary>A value of a field, for example <c>spec.nodeName</c> = n1.</summary>
public readonly record struct CacheField(string Path, string Value);

/// <summary>Why a watch is over.</summary>
public enum CacheWatchEnd
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The revision is older than the change log: 410, list again.</summary>
    TooOld,

    /// <summary>
    /// This watcher fell behind the bounded buffer (P7); resuming from its last revision may well succeed.
    /// </summary>
    Overflow,

    /// <summary>The silo is shutting down.</summary>
    Closed,
}

/// <summary>A run of events.</summary>
/// <param name="Events">In order; empty when the wait ended without any, and when the watch ended.</param>
/// <param name="Revision">The watch has delivered everything up to here: what a bookmark may carry.</param>
/// <param name="End">Not None: this is the last batch.</param>
public readonly record struct CacheEventBatch(IReadOnlyList<CacheEvent> Events, long Revision, CacheWatchEnd End);
