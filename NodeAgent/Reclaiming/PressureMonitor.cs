using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Metrics;
using OrleansOrchestrator.NodeAgent.Node;
using OrleansOrchestrator.NodeAgent.PodRecords;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Reclaiming;

/// <summary>
/// Watches what the node can run out of. Short of disk it first removes dead containers and unused images; if the node
/// is still short, it evicts one pod, waits until that has left, and looks again at once. It also ends pods that are
/// over their limits on local storage. <see cref="EvictionPlanner"/> decides; this reads and acts.
/// </summary>
public sealed partial class PressureMonitor(
    NodeAgentOptions options,
    PressureState state,
    NodeSignals signals,
    PodUsageReader usage,
    PodManager pods,
    VolumeManager volumes,
    ImageGarbageCollector images,
    ContainerGarbageCollector containers,
    RuntimeHealth health,
    EventRecorder events,
    KubeletMeters meters,
    TimeProvider time,
    ILogger<PressureMonitor> logger) : BackgroundService
{
    private const string EvictedReason = "Evicted";
    private static readonly TimeSpan CleanUpPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CleanUpPoll = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<EvictionThreshold> _thresholds =
        [.. EvictionThreshold.WithAllocatable(options.Housekeeping.Eviction.Thresholds()).Distinct()];

    private EvictionMemory _memory = EvictionMemory.None;

    private HousekeepingOptions Rules => options.Housekeeping;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await LookAsync(stoppingToken) is { } evicted)
                {
                    await WaitForCleanUpAsync(evicted, stoppingToken);
                    continue;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(exception.Message);
            }

            await Task.Delay(Rules.EvictionPeriod, time, stoppingToken).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Returns the pod that had to go for the node's sake.</summary>
    private async Task<PodWorker?> LookAsync(CancellationToken cancellationToken)
    {
        var observed = await signals.ReadAsync(cancellationToken);
        var look = EvictionPlanner.Look(
            _memory, _thresholds, observed, Rules.PressureTransitionPeriod, time.GetSteadyTime());
        _memory = look.Memory;
        if (state.Current != look.Pressure)
        {
            LogPressure(look.Pressure);
            state.Set(look.Pressure);
        }

        if (!health.IsUp)
        {
            return null;
        }

        var active = pods.Workers.Where(w => w.IsSyncing && w.Admitted).ToList();
        var ended = await EndOverLimitAsync(active, cancellationToken);
        if (ended || look.Due.Count == 0)
        {
            return null;
        }

        var threshold = look.Due[0];
        var resource = EvictionPlanner.ResourceOf(threshold.Signal);
        events.Node(EventRecorder.Warning, "EvictionThresholdMet", $"Attempting to reclaim {resource}");
        return await ReclaimAsync(threshold, cancellationToken)
            ? null
            : await EvictOneAsync(threshold, active, cancellationToken);
    }

    /// <summary>Frees what no pod needs; true when that was enough.</summary>
    private async Task<bool> ReclaimAsync(EvictionThreshold threshold, CancellationToken cancellationToken)
    {
        var isImageFs = threshold.Signal is EvictionSignal.ImageFsAvailable or EvictionSignal.ImageFsInodesFree;
        var isDisk = isImageFs || threshold.Signal is EvictionSignal.NodeFsAvailable or EvictionSignal.NodeFsInodesFree;
        if (!isDisk || (!isImageFs && signals.HasImageFs))
        {
            return false; // nothing of the node's own lies there
        }

        var removed = await containers.RemoveUnusedAsync(cancellationToken);
        var freed = await images.FreeAllAsync(cancellationToken);
        LogReclaimed(removed, freed);
        return !EvictionPlanner.IsAnyMet(_thresholds, await signals.ReadAsync(cancellationToken));
    }

    private async Task<PodWorker?> EvictOneAsync(
        EvictionThreshold threshold, List<PodWorker> active, CancellationToken cancellationToken)
    {
        var used = await usage.ReadAsync([.. active.Select(w => w.Pod)], cancellationToken);
        var observed = await signals.ReadAsync(cancellationToken);
        var ranked = EvictionRanking.Rank(
            active.Select(w => new EvictionCandidate(w.Allocated, used.GetValueOrDefault(w.Uid))),
            threshold.Signal,
            signals.HasImageFs);
        if (ranked.Count == 0)
        {
            LogNobody(EvictionPlanner.ResourceOf(threshold.Signal));
            return null;
        }

        var victim = active.First(w => w.Uid == ranked[0].Pod.Metadata.Uid);
        var message = EvictionMessages.Evicted(threshold, observed[threshold.Signal], ranked[0]);
        var grace = EvictionPlanner.GraceOf(threshold, victim.Pod, Rules.EvictionMaxPodGrace);
        End(
            victim, new PodVerdict(EvictedReason, message) { Disruption = message }, grace,
            EvictionMessages.Annotations(threshold, ranked[0]));
        meters.Evictions.Add(EvictionThreshold.NameOf(threshold.Signal));
        return victim;
    }

    /// <summary>Ends pods that use more local storage than they may; true when there was one.</summary>
    private async Task<bool> EndOverLimitAsync(List<PodWorker> active, CancellationToken cancellationToken)
    {
        var limited = active.Where(w => HasContainerLimit(w.Pod)).ToList();
        var used = await usage.ReadAsync([.. limited.Select(w => w.Pod)], cancellationToken);
        var any = false;
        foreach (var worker in active)
        {
            var amount = used.GetValueOrDefault(worker.Uid) ?? usage.ReadLimitedVolumes(worker.Pod);
            if (!worker.Pod.IsCritical()
                && EvictionMessages.OverLimit(worker.Pod, amount, signals.HasImageFs) is { } over)
            {
                End(worker, new PodVerdict(EvictedReason, over.Message), EvictionPlanner.AtOnce);
                meters.Evictions.Add(over.Signal);
                any = true;
            }
        }

        return any;
    }

    private static bool HasContainerLimit(V1Pod pod) =>
        pod.Inits().Concat(pod.Spec.Containers).Any(c => c.Resources?.Limits?.ContainsKey("ephemeral-storage") == true);

    private void End(
        PodWorker worker, PodVerdict verdict, TimeSpan grace, IDictionary<string, string>? annotations = null)
    {
        events.Pod(worker.Pod, null, EventRecorder.Warning, verdict.Reason, verdict.Message, annotations);
        LogEvicted(worker.Pod.Display(), verdict.Message);
        worker.End(verdict, grace);
    }

    /// <summary>What the pod had is free only when its containers have ended and its volumes are gone.</summary>
    private async Task WaitForCleanUpAsync(PodWorker evicted, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (!(evicted.Ended && !volumes.HasVolumes(evicted.Uid)) && time.GetElapsedTime(started) < CleanUpPatience)
        {
            await Task.Delay(CleanUpPoll, time, cancellationToken);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The node's pressure could not be determined or relieved: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(2, LogLevel.Warning, "Pod {Pod} is evicted: {Message}")]
    private partial void LogEvicted(string pod, string message);

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "The disk is nearly full; {Containers} dead containers and unused images of {Bytes} bytes were removed")]
    private partial void LogReclaimed(int containers, long bytes);

    [LoggerMessage(4, LogLevel.Warning, "Pressure on the node is now: {Pressure}")]
    private partial void LogPressure(Pressure pressure);

    [LoggerMessage(5, LogLevel.Error, "The node is low on {Resource}, and there is no pod that may be evicted for it")]
    private partial void LogNobody(string resource);
}
