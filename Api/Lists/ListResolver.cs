using System.Collections.Concurrent;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>Where a list stands: the state it shows, and the part of it.</summary>
/// <param name="View">The resource at the list's revision.</param>
/// <param name="Snapshot">The snapshot behind the view, when it is one: worth holding for the next page.</param>
/// <param name="After">The page begins after this key; null from the start.</param>
/// <param name="Inclusive">The key itself, when it belongs to the page.</param>
/// <param name="Limit">0 for all.</param>
/// <param name="Began">When the first page at this revision was taken.</param>
public sealed record ListPosition(
    ListView View, CacheSnapshot? Snapshot, ObjectKey? After, ObjectKey? Inclusive, int Limit, DateTimeOffset Began);

/// <summary>
/// Turns resourceVersion, resourceVersionMatch, limit and continue into a state to list, by upstream's rules: absent is
/// linearizable (P5), <c>0</c> is whatever this silo has, N without a limit is not older than N, N with a limit or
/// <c>Exact</c> is exactly N.
/// </summary>
public sealed class ListResolver(ResourceCaches caches, SnapshotShelf shelf, TimeProvider clock)
{
    /// <summary>
    /// How often at most a resource's journal is moved on for tokens that have ended: nobody makes it grow by made-up
    /// ones.
    /// </summary>
    private static readonly TimeSpan MoveInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long a request waits for a revision that this silo has not reached.</summary>
    public static readonly TimeSpan FutureRevisionWait = TimeSpan.FromSeconds(3);

    /// <summary>Changes taken back for one list at an old revision; further away is answered with 410.</summary>
    public const int MaxTakenBack = 100_000;

    private const int ReadSize = 1000;

    private const string Inconsistent =
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue " +
        "parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token " +
        "results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and " +
        "now may show up in the list.";

    /// <summary>When each resource's journal was moved on.</summary>
    private readonly ConcurrentDictionary<ResourceName, long> _moved = new();

    /// <summary>The state for a list; the refusal is upstream's.</summary>
    public async ValueTask<Outcome<ListPosition>> ResolveAsync(
        ResourceDefinition definition, ListOptions options, ObjectSelection selection, CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(definition.Storage, cancellationToken);
        if (options.Continue.Length > 0)
        {
            return await ContinueAsync(cache, options, selection, cancellationToken);
        }

        if (!ResourceVersions.TryParse(options.ResourceVersion, out var revision))
        {
            return ResourceVersions.MalformedInList(options.ResourceVersion);
        }

        // One object is no list with pages, so that a limit says nothing of the version, either.
        var limit = selection.SingleKey is null ? ClampLimit(options.Limit) : 0;
        if (options.ResourceVersion.Length == 0)
        {
            var newest = await cache.ConsistentAsync(cancellationToken);
            return new ListPosition(new ListView(newest), newest, null, null, limit, clock.GetUtcNow());
        }

        if (revision == 0)
        {
            // From the cache, and whole: upstream ignores the limit here, and informers count on it.
            return new ListPosition(new ListView(cache.Current), null, null, null, 0, clock.GetUtcNow());
        }

        var exact = options.ResourceVersionMatch == ListOptions.Exact
            || (options.ResourceVersionMatch.Length == 0 && limit > 0);
        var view = exact
            ? await AtAsync(cache, revision, cancellationToken)
            : await AtLeastAsync(cache, revision, cancellationToken);
        return view.Succeeded
            ? new ListPosition(view.Value.View, view.Value.Snapshot, null, null, limit, clock.GetUtcNow())
            : view.Error;
    }

    /// <summary>A state at least as new as a revision, or 504 when it does not come.</summary>
    public async ValueTask<Outcome<CacheSnapshot>> WaitForAsync(
        ResourceCache cache, long revision, CancellationToken cancellationToken)
    {
        if (cache.Current.Revision >= revision)
        {
            return cache.Current;
        }

        using var wait = new CancellationTokenSource(FutureRevisionWait, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(wait.Token, cancellationToken);
        try
        {
            return await cache.AtLeastAsync(revision, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ResourceVersions.TooLarge(revision, cache.Current.Revision);
        }
    }

    private static int ClampLimit(long limit) => limit <= 0 ? 0 : (int)Math.Min(limit, int.MaxValue - 1);

    private async ValueTask<Outcome<ListPosition>> ContinueAsync(
        ResourceCache cache, ListOptions options, ObjectSelection selection, CancellationToken cancellationToken)
    {
        var decoded = ContinueToken.Decode(options.Continue);
        if (!decoded.Succeeded)
        {
            return decoded.Error;
        }

        if (options.ResourceVersion.Length > 0 && options.ResourceVersion != "0")
        {
            return StatusErrors.BadRequest("specifying resource version is not allowed when using continue");
        }

        var token = decoded.Value;
        var inNamespace = selection.AcrossNamespaces ? "" : selection.Namespace;
        var after = token.ToKey(inNamespace, selection.Namespaced, out var inclusive);
        var limit = options.ResourceVersion == "0" ? 0 : ClampLimit(options.Limit);
        if (token.Revision < 0)
        {
            var newest = await cache.ConsistentAsync(cancellationToken);
            return new ListPosition(
                new ListView(newest), newest, after, inclusive ? after : null, limit, clock.GetUtcNow());
        }

        var now = clock.GetUtcNow();
        var view = token.IsExpired(now)
            ? ResourceVersions.ListTooOld
            : await AtAsync(cache, token.Revision, cancellationToken);
        if (!view.Succeeded)
        {
            return view.Error.Code == 410 ? await EndAsync(cache, token, cancellationToken) : view.Error;
        }

        // A token that does not say its age, or says that it is of the future, gets one here, so that no paging goes on
        // for ever.
        var began = token.BeganAtSeconds is > 0 and var at && at <= now.ToUnixTimeSeconds()
            ? DateTimeOffset.FromUnixTimeSeconds(at)
            : now;
        return new ListPosition(view.Value.View, view.Value.Snapshot, after, inclusive ? after : null, limit, began);
    }

    /// <summary>
    /// The end of a token, with another that goes on. What is listed by that must have another resourceVersion, also
    /// where nobody has written since: upstream's store has one then, because its compaction writes.
    /// </summary>
    private async ValueTask<Status> EndAsync(
        ResourceCache cache, ContinueToken token, CancellationToken cancellationToken)
    {
        var now = clock.GetTimestamp();
        if (cache.Current.Revision <= token.Revision
            && (!_moved.TryGetValue(cache.Resource, out var moved)
                || clock.GetElapsedTime(moved, now) >= MoveInterval))
        {
            _moved[cache.Resource] = now;
            await caches.MoveBeyondAsync(cache.Resource, token.Revision, cancellationToken);
        }

        return StatusErrors.Expired(Inconsistent) with { Continue = token.AtNewest().Encode() };
    }

    private async ValueTask<Outcome<(ListView View, CacheSnapshot? Snapshot)>> AtLeastAsync(
        ResourceCache cache, long revision, CancellationToken cancellationToken)
    {
        var snapshot = await WaitForAsync(cache, revision, cancellationToken);
        return snapshot.Succeeded ? (new ListView(snapshot.Value), snapshot.Value) : snapshot.Error;
    }

    /// <summary>The state at exactly one revision: held, current, or current with later changes taken back.</summary>
    private async ValueTask<Outcome<(ListView View, CacheSnapshot? Snapshot)>> AtAsync(
        ResourceCache cache, long revision, CancellationToken cancellationToken)
    {
        if (shelf.Find(cache, revision) is { } held)
        {
            return (new ListView(held), held);
        }

        var newer = await WaitForAsync(cache, revision, cancellationToken);
        if (!newer.Succeeded)
        {
            return newer.Error;
        }

        if (newer.Value.Revision == revision)
        {
            return (new ListView(newer.Value), newer.Value);
        }

        var changes = await ChangesAsync(cache, revision, newer.Value.Revision, cancellationToken);
        return changes is null
            ? ResourceVersions.ListTooOld
            : (ListView.TakeBack(newer.Value, revision, changes), (CacheSnapshot?)null);
    }

    private static async ValueTask<List<CacheEvent>?> ChangesAsync(
        ResourceCache cache, long after, long upTo, CancellationToken cancellationToken)
    {
        var changes = new List<CacheEvent>();
        using var watcher = cache.Watch(new CacheWatchRequest { AfterRevision = after, NeedsPrevious = true });
        for (var reached = after; reached < upTo;)
        {
            var batch = await watcher.ReadAsync(ReadSize, FutureRevisionWait, cancellationToken);
            changes.AddRange(batch.Events);
            if (batch.End != CacheWatchEnd.None || changes.Count > MaxTakenBack)
            {
                return null;
            }

            reached = batch.Revision;
        }

        return changes;
    }
}
