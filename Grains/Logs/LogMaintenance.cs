using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Segments;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>
/// Merges segments and drops old ones. Nodes send a segment each second for each namespace; of these, so many that
/// follow each other become one of the next tier, and so on until it is large: each line is rewritten a few times in
/// all. Two who do this at once harm nobody: who retires the old segments first replaces them.
/// </summary>
public sealed partial class LogMaintenance(
    PostgresLogStore store, LogStoreOptions options, TimeProvider time, ILogger<LogMaintenance> logger)
{
    /// <summary>Segments that become one.</summary>
    internal const int FanIn = 16;

    /// <summary>Enough for a segment that took a line each second for a week.</summary>
    private const short Tiers = 8;

    /// <summary>What is merged is kept for long, so it is compressed better than what a node just sent.</summary>
    private const int Level = 6;

    /// <summary>A search that has listed a segment reads it within this time.</summary>
    private static readonly TimeSpan ReadersGrace = TimeSpan.FromMinutes(5);

    /// <summary>One round; throws <see cref="LogStoreException"/> when the store fails.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        for (short tier = 0; tier < Tiers; tier++)
        {
            await MergeAsync(tier, cancellationToken);
        }

        var dropped = await store.DropAsync(options, time.GetUtcNow(), ReadersGrace, cancellationToken);
        if (dropped > 0)
        {
            LogDropped(dropped);
        }
    }

    private async Task MergeAsync(short tier, CancellationToken cancellationToken)
    {
        foreach (var (space, ids, rawBytes) in await store.FindMergeableAsync(tier, FanIn, cancellationToken))
        {
            foreach (var group in Groups(ids, rawBytes))
            {
                await MergeAsync(space, group, tier, cancellationToken);
            }
        }
    }

    private async Task MergeAsync(string space, long[] ids, short tier, CancellationToken cancellationToken)
    {
        var bodies = await store.ReadSegmentsAsync(ids, cancellationToken);
        if (bodies.Count < ids.Length)
        {
            return; // dropped meanwhile
        }

        var merged = LogSegment.Merge(bodies.OrderBy(static b => b.Id).Select(static b => LogSegment.Decode(b.Body)))
            .Select(s => new NewSegment(space, s.Encode(Level))).ToList();
        await store.ReplaceAsync(ids, merged, (short)(tier + 1), cancellationToken);
    }

    /// <summary>
    /// Groups of neighbours: as many as make one, or fewer that together are large. What is left waits for more.
    /// Pure.
    /// </summary>
    internal static IEnumerable<long[]> Groups(long[] ids, int[] rawBytes)
    {
        var (start, bytes) = (0, 0L);
        for (var i = 0; i < ids.Length; i++)
        {
            bytes += rawBytes[i];
            if (i + 1 - start == FanIn || (bytes >= LogSegment.TargetBytes && i > start))
            {
                yield return ids[start..(i + 1)];
                (start, bytes) = (i + 1, 0);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information,
        Message = "Dropped {Segments} segments of logs that were too old or too much")]
    private partial void LogDropped(int segments);
}
