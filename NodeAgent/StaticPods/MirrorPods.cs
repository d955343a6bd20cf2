using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.StaticPods;

/// <summary>
/// Sees to it that each static pod has its mirror in the API, and nothing else has one: makes them, makes them again
/// when somebody deletes them, and removes those of pods that are gone. What fails is tried again, less and less often.
/// </summary>
public sealed partial class MirrorPods(
    StaticPodSource statics, IPodSource source, IClusterApi api, NodeObject node, TimeProvider time,
    ILogger<MirrorPods> logger) : BackgroundService
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetry = TimeSpan.FromSeconds(20);

    private readonly WakeSignal _wake = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        statics.MirrorsDue += Wake;
        node.Changed += _ => Wake();
        await source.Synced.WaitAsync(stoppingToken); // before, all mirrors would seem to be missing
        Wake();
        var retry = FirstRetry;
        while (true)
        {
            await _wake.WaitAsync(stoppingToken);
            if (await SyncAsync(stoppingToken))
            {
                retry = FirstRetry;
                continue;
            }

            await Task.Delay(retry, time, stoppingToken);
            retry = retry * 2 < MaxRetry ? retry * 2 : MaxRetry;
            Wake();
        }
    }

    private void Wake() => _wake.Set();

    /// <summary>Does what there is to do; false when something of it has to be tried again.</summary>
    private async Task<bool> SyncAsync(CancellationToken cancellationToken)
    {
        var succeeded = true;
        foreach (var step in statics.MirrorSteps())
        {
            succeeded &= await TryAsync(step, cancellationToken);
        }

        return succeeded;
    }

    private async Task<bool> TryAsync(MirrorStep step, CancellationToken cancellationToken)
    {
        try
        {
            if (step.Stale is { } stale)
            {
                await DeleteAsync(stale, cancellationToken);
                return true;
            }

            return await CreateAsync(step.Missing!, cancellationToken);
        }
        catch (Exception failure) when (
            failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            var problem = (failure as HttpOperationException)?.Response?.Content ?? failure.Message;
            LogFailed((step.Stale ?? step.Missing)!.FullName(), problem.ReplaceLineEndings(" "));
            return false;
        }
    }

    private async Task DeleteAsync(V1Pod mirror, CancellationToken cancellationToken)
    {
        LogStale(mirror.FullName());
        await api.DeletePodAsync(mirror, cancellationToken);
        statics.ObserveMirror(PodChange.Removed, mirror);
    }

    /// <summary>The API takes a mirror only from the node that it is on, which owns it.</summary>
    private async Task<bool> CreateAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        await node.RefreshAsync(cancellationToken);
        if (node.Current is not { Metadata.DeletionTimestamp: null } owner)
        {
            LogNoNode(pod.FullName());
            return false;
        }

        var mirror = await api.CreatePodAsync(MirrorOf(pod, owner), cancellationToken);
        LogMade(pod.FullName());
        statics.ObserveMirror(PodChange.Set, mirror);
        return true;
    }

    private static V1Pod MirrorOf(V1Pod pod, V1Node owner) => pod with
    {
        Metadata = pod.Metadata with
        {
            Uid = null,
            Annotations = new Dictionary<string, string>(pod.Metadata.Annotations)
            {
                [ConfigAnnotations.Mirror] = pod.Annotation(ConfigAnnotations.Hash)!,
            },
            OwnerReferences =
            [
                new V1OwnerReference
                {
                    ApiVersion = "v1", Kind = "Node", Name = owner.Metadata.Name, Uid = owner.Metadata.Uid,
                    Controller = true,
                },
            ],
        },
    };

    [LoggerMessage(1, LogLevel.Information, "Created a mirror pod for static pod {Pod}")]
    private partial void LogMade(string pod);

    [LoggerMessage(2, LogLevel.Information, "Deleting mirror pod {Pod}, which is that of no static pod here")]
    private partial void LogStale(string pod);

    [LoggerMessage(
        3, LogLevel.Information,
        "No need to create a mirror pod for {Pod}, since node has been removed from the cluster")]
    private partial void LogNoNode(string pod);

    [LoggerMessage(4, LogLevel.Error, "Mirror pod {Pod} is not what it should be: {Problem}; trying again")]
    private partial void LogFailed(string pod, string problem);
}
