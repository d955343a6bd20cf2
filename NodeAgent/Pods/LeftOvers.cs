using System.Collections.Concurrent;
using System.ComponentModel;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// Removes what pods have left that nobody knows any more. Each removal goes on by itself: a driver that does not
/// answer keeps what is its own, and nobody else.
/// </summary>
public sealed partial class LeftOvers(PodPaths paths, VolumeManager volumes, Cgroups cgroups, ILogger<LeftOvers> logger)
{
    // Lazy: a removal is to be seen before it is asked for the last time whether the pod has come back.
    private readonly ConcurrentDictionary<string, Lazy<Task>> _removals = new(StringComparer.Ordinal);

    /// <summary>
    /// Begins what is not under way. What could not be removed is tried again by the next call; a fault of ours that
    /// ended an earlier removal is thrown. One call at a time.
    /// </summary>
    /// <param name="isKnown">Whether the pod with that uid is somebody's.</param>
    /// <param name="cancellationToken">Ends the removals.</param>
    public async Task RemoveAsync(Func<string, bool> isKnown, CancellationToken cancellationToken)
    {
        foreach (var (uid, removal) in _removals.Where(static r => r.Value.Value.IsCompleted))
        {
            _removals.TryRemove(uid, out _);
            await removal.Value;
        }

        foreach (var uid in paths.KnownUids().Where(uid => !isKnown(uid) && !_removals.ContainsKey(uid)).ToList())
        {
            var removal = new Lazy<Task>(
                () => isKnown(uid) ? Task.CompletedTask : RemoveAsync(uid, cancellationToken));
            _removals[uid] = removal;
            _ = removal.Value;
        }
    }

    /// <summary>
    /// Completes when nothing of a pod is being removed: a pod of a file has the uid that it had before. Who asks is
    /// known by then.
    /// </summary>
    public Task WhenGoneAsync(string uid) =>
        _removals.TryGetValue(uid, out var removal) ? removal.Value : Task.CompletedTask;

    private async Task RemoveAsync(string uid, CancellationToken cancellationToken)
    {
        try
        {
            await volumes.TearDownAsync(uid, cancellationToken);
            cgroups.RemovePod(uid);
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or Win32Exception or RpcException)
        {
            LogFailed(uid, exception.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "What is left of pod {Uid} could not be removed: {Problem}")]
    private partial void LogFailed(string uid, string problem);
}
