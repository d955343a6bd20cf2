using System.IO.Pipelines;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>
/// One watcher's stream: initial events, then changes until its time is over, it falls behind, or the client goes.
///
/// Everything that has arrived is written before one flush. The first event after a quiet moment goes out at once; a
/// busy stream flushes at most every <see cref="BusyFlushInterval"/>, so that under load a flush carries many events: a
/// flush costs more than the events in it. While a flush waits for a slow client nothing is read for it: the cache's
/// buffer is bounded and ends this watch alone when it overflows (P7).
/// </summary>
internal sealed class WatchStream(
    PipeWriter pipe, IWatchEncoder encoder, ObjectSelection selection, LongWorkTurns turns, TimeProvider clock)
{
    /// <summary>Events taken from the cache at once.</summary>
    public const int MaxBatch = 256;

    /// <summary>
    /// The shortest time between two flushes of one stream; 200 flushes a second are more than any client can tell
    /// apart.
    /// </summary>
    public static readonly TimeSpan BusyFlushInterval = TimeSpan.FromMilliseconds(5);

    /// <summary>How often a watch is told the revision, if it wants to be.</summary>
    public static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);

    /// <summary>A last bookmark is sent this long before a watch ends by its time-out.</summary>
    public static readonly TimeSpan LastBookmarkBefore = TimeSpan.FromSeconds(2);

    private long _flushed;

    /// <summary>The revision after which changes are sent.</summary>
    public required long AfterRevision { get; init; }

    /// <summary>Where the resource stands, to tell a client whose revision is too old.</summary>
    public required Func<long> CurrentRevision { get; init; }

    /// <summary>Whether the client takes bookmarks.</summary>
    public required bool Bookmarks { get; init; }

    /// <summary>Whoever is asked how objects look in the version that is watched; null where that is known.</summary>
    public IAskedConversion? Asked { get; init; }

    /// <summary>Sends the state from which a watch begins.</summary>
    /// <returns>False when the form cannot be sent and the stream is over.</returns>
    public async ValueTask<bool> SendInitialAsync(WatchPlan plan, CancellationToken cancellationToken)
    {
        if (Asked is not null)
        {
            return await SendAskedAsync(plan, cancellationToken);
        }

        using var work = turns.Begin();
        foreach (var item in selection.Select(plan.Initial!))
        {
            if (!encoder.CanEncode || IsRefused(item))
            {
                work.Leave();
                await pipe.FlushAsync(cancellationToken);
                return false;
            }

            encoder.Write(pipe, WatchEventType.Added, item.Json);
            if (pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                await work.FlushAsync(pipe, cancellationToken);
            }
        }

        work.Leave();
        return await EndInitialAsync(plan, cancellationToken);
    }

    private async ValueTask<bool> SendAskedAsync(WatchPlan plan, CancellationToken cancellationToken)
    {
        if (!await ReadyAsync(plan.Initial!.Range(selection.Namespace, null), cancellationToken))
        {
            return false;
        }

        foreach (var items in selection.Select(plan.Initial!).Chunk(MaxBatch))
        {
            if (!encoder.CanEncode || items.Any(IsRefused)
                || !await WriteAskedAsync([.. items.Select(i => (WatchEventType.Added, i.Json))], cancellationToken))
            {
                await pipe.FlushAsync(cancellationToken);
                return false;
            }

            await pipe.FlushAsync(cancellationToken);
        }

        return await EndInitialAsync(plan, cancellationToken);
    }

    /// <summary>An object that cannot be read ends the watch, which says so.</summary>
    private bool IsRefused(ResourceObject item)
    {
        if (item.Stored is not { Problem: not null } unreadable)
        {
            return false;
        }

        encoder.WriteError(pipe, unreadable.ListRefusal);
        return true;
    }

    /// <summary>Asks what the selection has to know of some objects; false when that fails, which ends the watch.
    /// </summary>
    private async ValueTask<bool> ReadyAsync(IEnumerable<ResourceObject> items, CancellationToken cancellationToken)
    {
        try
        {
            await selection.ReadyAsync(items, cancellationToken);
            return true;
        }
        catch (StatusException failure)
        {
            encoder.WriteError(pipe, failure.Status);
            await pipe.FlushAsync(cancellationToken);
            return false;
        }
    }

    /// <summary>Writes events whose objects somebody has to be asked about; false when that fails, which ends the
    /// watch.</summary>
    private async ValueTask<bool> WriteAskedAsync(
        IReadOnlyList<(WatchEventType Type, ReadOnlyMemory<byte> Stored)> events, CancellationToken cancellationToken)
    {
        try
        {
            var shown = await Asked!.ShowAsync([.. events.Select(static e => e.Stored)], cancellationToken);
            foreach (var (written, json) in events.Zip(shown))
            {
                encoder.Write(pipe, written.Type, json);
            }

            return true;
        }
        catch (StatusException failure)
        {
            encoder.WriteError(pipe, failure.Status);
            await pipe.FlushAsync(cancellationToken);
            return false;
        }
    }

    private async ValueTask<bool> EndInitialAsync(WatchPlan plan, CancellationToken cancellationToken)
    {
        if (plan.MarkEnd)
        {
            encoder.WriteBookmark(pipe, plan.AfterRevision, endsInitialEvents: true);
        }

        await pipe.FlushAsync(cancellationToken);
        return true;
    }

    /// <summary>Sends changes until the watch is over.</summary>
    public async ValueTask RunAsync(CacheWatcher watcher, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var nextBookmark = NextBookmark(TimeSpan.Zero, timeout);
        while (true)
        {
            var elapsed = clock.GetElapsedTime(started);
            if (elapsed >= timeout)
            {
                return;
            }

            var until = nextBookmark < timeout ? nextBookmark : timeout;
            var batch = await watcher.ReadAsync(
                MaxBatch, until > elapsed ? until - elapsed : TimeSpan.Zero, cancellationToken);
            var goesOn = Asked is null ? Send(batch) : await SendAskedAsync(batch, cancellationToken);
            if (goesOn && clock.GetElapsedTime(started) is var now && now >= nextBookmark)
            {
                // The batch is complete up to its revision, whether or not it held events of this selection.
                encoder.WriteBookmark(pipe, batch.Revision, endsInitialEvents: false);
                nextBookmark = NextBookmark(now, timeout);
            }

            if (pipe.UnflushedBytes > 0)
            {
                await pipe.FlushAsync(cancellationToken);
            }

            if (!goesOn)
            {
                return;
            }

            await PaceAsync(batch.Events.Count, cancellationToken);
        }
    }

    /// <summary>
    /// Lets events gather when the flush before this one was just now, unless a full batch says that more are waiting.
    /// </summary>
    private async ValueTask PaceAsync(int sent, CancellationToken cancellationToken)
    {
        var sinceLast = clock.GetElapsedTime(_flushed);
        _flushed = clock.GetTimestamp();
        if (sent is > 0 and < MaxBatch && sinceLast < 2 * BusyFlushInterval)
        {
            await Task.Delay(BusyFlushInterval, clock, cancellationToken);
        }
    }

    /// <summary>When the next bookmark is due: regularly, and once shortly before the end.</summary>
    private TimeSpan NextBookmark(TimeSpan now, TimeSpan timeout)
    {
        if (!Bookmarks)
        {
            return TimeSpan.MaxValue;
        }

        var regular = now + BookmarkInterval;
        var last = timeout - LastBookmarkBefore;
        return last > now && last < regular ? last : regular;
    }

    private async ValueTask<bool> SendAskedAsync(CacheEventBatch batch, CancellationToken cancellationToken)
    {
        var concerned = batch.Events.SelectMany(static e => new[] { e.Object, e.Previous }).OfType<ResourceObject>();
        if (!await ReadyAsync(concerned, cancellationToken))
        {
            return false;
        }

        var events = new List<(WatchEventType Type, ReadOnlyMemory<byte> Stored)>(batch.Events.Count);
        foreach (var item in batch.Events)
        {
            if (WatchTransition.Of(item, selection) is { Type: not WatchEventType.None } transition)
            {
                if (IsRefused(item.Object))
                {
                    return false;
                }

                events.Add((transition.Type, transition.Json));
            }
        }

        return (events.Count == 0 || (encoder.CanEncode && await WriteAskedAsync(events, cancellationToken)))
            && EndBatch(batch);
    }

    /// <summary>Writes a batch; false when it was the last.</summary>
    private bool Send(in CacheEventBatch batch)
    {
        for (var i = 0; i < batch.Events.Count; i++)
        {
            var (type, json) = WatchTransition.Of(batch.Events[i], selection);
            if (type == WatchEventType.None)
            {
                continue;
            }

            if (!encoder.CanEncode || IsRefused(batch.Events[i].Object))
            {
                return false;
            }

            encoder.Write(pipe, type, json);
        }

        return EndBatch(batch);
    }

    private bool EndBatch(in CacheEventBatch batch)
    {
        if (batch.End == CacheWatchEnd.TooOld)
        {
            encoder.WriteError(pipe, StatusErrors.TooOldResourceVersion(AfterRevision, CurrentRevision()));
        }

        return batch.End == CacheWatchEnd.None;
    }
}
