using System.Globalization;
using Grpc.Core;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>
/// Removes images that no container uses when the disk fills. The planner decides; this looks and removes.
/// </summary>
public sealed partial class ImageGarbageCollector(
    NodeAgentOptions options,
    NodeSignals signals,
    ImageStore store,
    ImageViews views,
    PullRecords records,
    PodRuntimeCache runtime,
    RuntimeHealth health,
    EventRecorder events,
    TimeProvider time,
    ILogger<ImageGarbageCollector> logger) : BackgroundService
{
    private readonly Dictionary<string, (SteadyTime FirstSeen, SteadyTime LastUsed)> _history = [];
    private readonly SemaphoreSlim _one = new(1, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Housekeeping.ImageGcPeriod, time);
        var hasFailed = false;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var problem = await TryAsync(stoppingToken);

            // Once may be a runtime that cannot tell of its disk yet.
            if (problem is not null && hasFailed)
            {
                events.Node(EventRecorder.Warning, "ImageGCFailed", problem);
            }

            hasFailed = problem is not null;
        }
    }

    private async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await health.WhenUpAsync(cancellationToken);
            var problem = await CollectAsync(cancellationToken);
            if (problem is not null)
            {
                LogFailed(problem);
            }

            return problem;
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(exception.Message);
            return exception.Message;
        }
    }

    /// <summary>
    /// One round: what is too old, and what the disk has no room for. Why that was not enough, in upstream's words,
    /// which the node's events have as well; null when it was.
    /// </summary>
    public async Task<string?> CollectAsync(CancellationToken cancellationToken)
    {
        var rules = options.Housekeeping;
        var old = await RemoveAsync((images, now) => ImageGcPlanner.Old(images, rules, now), cancellationToken);
        if (old.Problem is not null)
        {
            return ImageGcPlanner.AgeProblem(rules, old.Problem);
        }

        var disk = await signals.ImageFsAsync(cancellationToken);
        var removal = await RemoveAsync(
            (images, now) => ImageGcPlanner.Compute(images, disk, rules, now), cancellationToken);
        if (removal.Problem is not null)
        {
            return ImageGcPlanner.Problem(disk, rules, removal);
        }

        if (ImageGcPlanner.Problem(disk, rules, removal.FreedBytes) is not { } problem)
        {
            return null;
        }

        events.Node(EventRecorder.Warning, problem.Reason, problem.Message);
        return problem.Message;
    }

    /// <summary>
    /// Removes every unused image: the disk is full and pods would have to go else. Returns bytes freed; what cannot be
    /// removed is no reason not to go on.
    /// </summary>
    public async Task<long> FreeAllAsync(CancellationToken cancellationToken)
    {
        var removal = await RemoveAsync(
            (images, now) => ImageGcPlanner.Free(
                images, long.MaxValue, options.Housekeeping.ImageMinimumAge, now),
            cancellationToken);
        if (removal.Problem is { } problem)
        {
            LogFailed(problem);
        }

        return removal.FreedBytes;
    }

    private async Task<ImageRemoval> RemoveAsync(
        Func<IReadOnlyList<CollectableImage>, SteadyTime, IReadOnlyList<CollectableImage>> plan,
        CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetSteadyTime();
            return await ImageRemoval.RunAsync(
                await LookAsync(now, cancellationToken), images => plan(images, now),
                image => RemoveAsync(image, cancellationToken));
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<string?> RemoveAsync(CollectableImage image, CancellationToken cancellationToken)
    {
        try
        {
            await store.RemoveAsync(image.Id, cancellationToken);
            LogRemoved(image.Id, image.SizeBytes.ToString(CultureInfo.InvariantCulture));
            return null;
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            return CriErrors.Text(failure);
        }
    }

    private async Task<List<CollectableImage>> LookAsync(SteadyTime now, CancellationToken cancellationToken)
    {
        var listedAt = time.GetUtcNow();
        var used = runtime.All.SelectMany(p => p.Containers)
            .SelectMany(c => new[] { c.ImageId, c.ImageRef, c.Image }).ToHashSet(StringComparer.Ordinal);
        used.UnionWith(await views.ImagesAsync(cancellationToken));
        var images = new List<CollectableImage>();
        foreach (var image in await store.ListAsync(cancellationToken))
        {
            var inUse = used.Contains(image.Id) || image.RepoTags.Any(used.Contains)
                || image.RepoDigests.Any(used.Contains);
            var (firstSeen, lastUsed) = _history.GetValueOrDefault(image.Id, (now, now));
            _history[image.Id] = (firstSeen, inUse ? now : lastUsed);
            images.Add(new CollectableImage(
                image.Id, (long)image.Size, firstSeen, inUse ? now : lastUsed, inUse,
                image.Pinned || image.RepoTags.Contains(PauseImage.Reference)));
        }

        records.Prune(images.Select(i => i.Id).ToHashSet(StringComparer.Ordinal), listedAt);
        foreach (var gone in _history.Keys.Except(images.Select(i => i.Id)).ToList())
        {
            _history.Remove(gone);
        }

        return images;
    }

    [LoggerMessage(1, LogLevel.Information, "Image {Id} ({Bytes} bytes) was unused and is removed")]
    private partial void LogRemoved(string id, string bytes);

    [LoggerMessage(2, LogLevel.Warning, "Unused images could not be removed: {Problem}")]
    private partial void LogFailed(string problem);
}
