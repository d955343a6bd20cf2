using System.IO.Pipelines;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>
/// One watcher's stream: initial events, then changes until its time is over, it falls behind, or the client goes.
///
/// Everything that has arrived is written before one flush. The first event after a quiet moment goes out at once; a
/// busy stream flushes at most every <see cref="BusyFlushInterval"/>, so that under load a flush carries many events: a
/// flush costs more than the events in it. While a flush waits for a slow client nothing is read for it: the cache's
/// buffer is bounded and ends this watch alone when it overflows (P7).
/// </summary>
internal sealed class WatchStream(PipeWriter pipe, IWatchEncoder encoder, ObjectSelection selection, TimeProvider clock)
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

    /// <summary>Sends the state from which a watch begins.</summary>
    /// <returns>False when the form cannot be sent and the stream is over.</returns>
    public async ValueTask<bool> SendInitialAsync(WatchPlan plan, CancellationToken cancellationToken)
    {
        foreach (var item in selection.Select(plan.Initial!))
        {
            if (!encoder.CanEncode)
            {
                return false;
            }

            encoder.Write(pipe, WatchEventType.Added, item.Json);
            if (pipe.UnflushedBytes >= ResponseBody.FlushBytes)
            {
                await pipe.FlushAsync(cancellationToken);
            }
        }

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
            var goesOn = Send(batch);
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

            if (!encoder.CanEncode)
            {
                return false;
            }

            encoder.Write(pipe, type, json);
        }

        if (batch.End == CacheWatchEnd.TooOld)
        {
            encoder.WriteError(pipe, StatusErrors.TooOldResourceVersion(AfterRevision, CurrentRevision()));
        }

        return batch.End == CacheWatchEnd.None;
    }
}
