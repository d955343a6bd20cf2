using System.Globalization;
using Grpc.Core;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Containerd;
using OrleansOrchestrator.NodeAgent.Cri;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.Images;
using OrleansOrchestrator.NodeAgent.Kernel;
using OrleansOrchestrator.NodeAgent.Pods;
using OrleansOrchestrator.NodeAgent.Volumes;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>
/// Watches what the node can run out of. Short of disk it first removes unused images; if the node is still short, it
/// evicts one pod and looks again. It also ends pods whose emptyDir grew over its limit.
/// </summary>
public sealed partial class PressureMonitor(
    NodeAgentOptions options,
    PressureState state,
    PodManager pods,
    ImageGarbageCollector images,
    PodPaths paths,
    CriClient cri,
    RuntimeHealth health,
    EventRecorder events,
    TimeProvider time,
    ILogger<PressureMonitor> logger) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);
    private const string Evicted = "Evicted";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, time);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                LogFailed(exception.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        EndOversizedVolumes();
        var signals = Read();
        var pressure = NodePressure.Compute(signals);
        state.Observe(pressure);
        if (pressure == Pressure.None || !health.IsUp)
        {
            return;
        }

        if (pressure.HasFlag(Pressure.Disk))
        {
            var freed = await images.FreeAllAsync(cancellationToken);
            LogReclaimed(freed);
            pressure = NodePressure.Compute(Read());
        }

        if (pressure != Pressure.None)
        {
            await EvictOneAsync(pressure, signals, cancellationToken);
        }
    }

    private PressureSignals Read()
    {
        var disk = Linux.UsageOf(options.DataDirectory);
        var maxPids = double.Parse(File.ReadAllText("/proc/sys/kernel/pid_max"), CultureInfo.InvariantCulture);
        var tasks = double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[3].Split('/')[1], CultureInfo.InvariantCulture);
        return new PressureSignals(
            NodeFacts.MemoryInfo("MemAvailable"),
            NodeFacts.MemoryInfo("MemTotal"),
            Share(disk.AvailableBytes, disk.CapacityBytes),
            Share(disk.InodesFree, disk.Inodes),
            1 - (tasks / maxPids));
    }

    private static double Share(long part, long whole) => whole == 0 ? 1 : (double)part / whole;

    private async Task EvictOneAsync(Pressure pressure, PressureSignals signals, CancellationToken cancellationToken)
    {
        var resource = pressure.HasFlag(Pressure.Memory) ? "memory"
            : pressure.HasFlag(Pressure.Disk) ? "ephemeral-storage"
            : "pids";
        var usage = await UsageAsync(resource, cancellationToken);
        var candidates = pods.Workers.Where(w => w.IsSyncing && w.Admitted && !w.Pod.IsMirror())
            .Select(w => new EvictionCandidate(
                w.Pod, usage.GetValueOrDefault(w.Uid), PodResources.Requested(w.Pod, resource)));
        if (EvictionRanking.First(candidates) is { } victim)
        {
            var message = $"The node was low on resource: {resource}. {Threshold(resource, signals)}";
            End(victim.Pod, message, TimeSpan.Zero);
        }
    }

    private static string Threshold(string resource, PressureSignals signals) => resource switch
    {
        "memory" => string.Create(
            CultureInfo.InvariantCulture,
            $"Threshold quantity: 100Mi, available: {signals.MemoryAvailableBytes / 1024}Ki. "),
        "ephemeral-storage" => string.Create(
            CultureInfo.InvariantCulture, $"Threshold quantity: 10%, available: {signals.DiskAvailableShare:P0}. "),
        _ => "",
    };

    private async Task<Dictionary<string, long>> UsageAsync(string resource, CancellationToken cancellationToken)
    {
        var answer = await cri.Runtime.ListContainerStatsAsync(
            new ListContainerStatsRequest(), cancellationToken: cancellationToken);
        return answer.Stats
            .GroupBy(s => s.Attributes.Labels.TryGetValue(CriLabels.PodUid, out var uid) ? uid : "")
            .ToDictionary(g => g.Key, g => g.Sum(s => resource == "memory"
                ? (long)(s.Memory?.WorkingSetBytes?.Value ?? 0)
                : (long)(s.WritableLayer?.UsedBytes?.Value ?? 0)));
    }

    private void EndOversizedVolumes()
    {
        foreach (var pod in pods.Workers.Where(w => w.IsSyncing && w.Admitted).Select(w => w.Pod))
        {
            foreach (var volume in pod.Spec.Volumes ?? [])
            {
                if (volume.EmptyDir is { SizeLimit: { } limit, Medium: not "Memory" } && limit.ToDecimal() > 0
                    && SizeOf(paths.Volume(pod.Metadata.Uid, "empty-dir", volume.Name)) > limit.ToDecimal())
                {
                    End(pod, $"Usage of EmptyDir volume \"{volume.Name}\" exceeds the limit \"{limit}\". ", TimeSpan.FromSeconds(1));
                    break;
                }
            }
        }
    }

    private void End(V1Pod pod, string message, TimeSpan grace)
    {
        events.Pod(pod, EventRecorder.Warning, Evicted, message);
        LogEvicted(pod.Display(), message);
        pods.Workers.FirstOrDefault(w => w.Uid == pod.Metadata.Uid)?.End(new PodVerdict(Evicted, message), grace);
    }

    private static long SizeOf(string directory)
    {
        try
        {
            return new DirectoryInfo(directory).EnumerateFiles("*", new EnumerationOptions
            {
                RecurseSubdirectories = true,
                AttributesToSkip = FileAttributes.ReparsePoint,
                IgnoreInaccessible = true,
            }).Sum(f => f.Length);
        }
        catch (IOException)
        {
            return 0; // it changes while we look: the next round sees it
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The node's pressure could not be determined: {Problem}")]
    private partial void LogFailed(string problem);

    [LoggerMessage(2, LogLevel.Warning, "Pod {Pod} is evicted: {Message}")]
    private partial void LogEvicted(string pod, string message);

    [LoggerMessage(3, LogLevel.Warning, "The disk is nearly full; unused images of {Bytes} bytes were removed")]
    private partial void LogReclaimed(long bytes);
}
