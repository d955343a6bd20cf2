using System.Globalization;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Pods;

namespace OrleansOrchestrator.NodeAgent.Images;

/// <summary>
/// Removes images that no container uses when the disk fills. The planner decides; this looks and removes.
/// </summary>
public sealed partial class ImageGarbageCollector(
    NodeAgentOptions options,
    ImageStore store,
    PullRecords records,
    PodRuntimeCache runtime,
    RuntimeHealth health,
    EventRecorder events,
    TimeProvider time,
    ILogger<ImageGarbageCollector> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (DateTimeOffset FirstSeen, DateTimeOffset LastUsed)> _history = [];
    private readonly SemaphoreSlim _one = new(1, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await health.WhenUpAsync(stoppingToken);
                var usage = Linux.UsageOf(options.DataDirectory);
                await RemoveAsync(
                    images => ImageGcPlanner.Compute(images, usage.CapacityBytes, usage.AvailableBytes, time.GetUtcNow()),
                    stoppingToken);
            }
            catch (RpcException exception) when (!stoppingToken.IsCancellationRequested)
            {
                events.Node(EventRecorder.Warning, "ImageGCFailed", exception.Status.Detail);
            }
        }
    }

    /// <summary>
    /// Removes every unused image: the disk is full and pods would have to go else. Returns bytes freed.
    /// </summary>
    public Task<long> FreeAllAsync(CancellationToken cancellationToken) =>
        RemoveAsync(images => ImageGcPlanner.Free(images, long.MaxValue, time.GetUtcNow()), cancellationToken);

    private async Task<long> RemoveAsync(
        Func<IEnumerable<CollectableImage>, IReadOnlyList<CollectableImage>> plan, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var freed = 0L;
            foreach (var image in plan(await LookAsync(cancellationToken)))
            {
                await store.RemoveAsync(image.Id, cancellationToken);
                freed += image.SizeBytes;
                LogRemoved(image.Id, image.SizeBytes.ToString(CultureInfo.InvariantCulture));
            }

            return freed;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<List<CollectableImage>> LookAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var used = runtime.All.SelectMany(p => p.Containers)
            .SelectMany(c => new[] { c.ImageId, c.ImageRef, c.Image }).ToHashSet(StringComparer.Ordinal);
        var images = new List<CollectableImage>();
        foreach (var image in await store.ListAsync(cancellationToken))
        {
            var inUse = used.Contains(image.Id) || image.RepoTags.Any(used.Contains) || image.RepoDigests.Any(used.Contains);
            var (firstSeen, lastUsed) = _history.GetValueOrDefault(image.Id, (now, now));
            _history[image.Id] = (firstSeen, inUse ? now : lastUsed);
            images.Add(new CollectableImage(
                image.Id, (long)image.Size, firstSeen, inUse ? now : lastUsed, inUse,
                image.Pinned || image.RepoTags.Contains(PauseImage.Reference)));
        }

        records.Prune(images.Select(i => i.Id).ToHashSet(StringComparer.Ordinal), now);
        foreach (var gone in _history.Keys.Except(images.Select(i => i.Id)).ToList())
        {
            _history.Remove(gone);
        }

        return images;
    }

    [LoggerMessage(1, LogLevel.Information, "Image {Id} ({Bytes} bytes) was unused and is removed")]
    private partial void LogRemoved(string id, string bytes);
}
