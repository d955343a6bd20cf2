using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Probes;

/// <summary>
/// Runs the probes of all running containers and knows their newest results. Results belong to a container id: a
/// restarted container begins anew. Liveness and readiness wait until the startup probe has succeeded.
/// </summary>
public sealed class ProbeManager(HandlerRunner handlers, EventRecorder events, ProbeMetrics metrics, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, ProbedContainer> _containers = new();

    /// <summary>Raised with a pod's uid when a result changed.</summary>
    public event Action<string>? Changed;

    /// <summary>Starts and stops probes so that they fit what runs.</summary>
    public void Sync(V1Pod pod, PodRuntimeState observed)
    {
        var running = observed.Containers.Where(c => c.IsRunning).ToList();
        foreach (var record in running)
        {
            if (pod.FindContainer(record.Name) is { } container && !_containers.ContainsKey(record.Id))
            {
                Start(pod, container, record, observed);
            }
        }

        var ids = running.Select(c => c.Id).ToHashSet();
        foreach (var gone in _containers.Values.Where(c => c.PodUid == observed.Uid && !ids.Contains(c.Id)))
        {
            Remove(gone.Id);
        }
    }

    /// <summary>
    /// A pod that ends is not to be restarted by its probes; readiness goes on, so that traffic drains.
    /// </summary>
    public void StopRestarting(string podUid)
    {
        foreach (var container in _containers.Values.Where(c => c.PodUid == podUid))
        {
            container.StopRestarting();
        }
    }

    public void Remove(PodRuntimeState observed)
    {
        foreach (var container in _containers.Values.Where(c => c.PodUid == observed.Uid))
        {
            Remove(container.Id);
        }

        metrics.Forget(observed.Uid);
    }

    /// <summary>A postStart hook holds back "started" until it has ended.</summary>
    public HashSet<string> Started(PodRuntimeState observed) =>
        [.. observed.Containers.Where(c => c.IsRunning && (!_containers.TryGetValue(c.Id, out var p) || p.Started)).Select(c => c.Id)];

    public HashSet<string> Ready(PodRuntimeState observed) =>
        [.. observed.Containers.Where(c => c.IsRunning && _containers.TryGetValue(c.Id, out var p) && p.Ready).Select(c => c.Id)];

    public Dictionary<string, ProbeVerdict> Verdicts(PodRuntimeState observed) => observed.Containers
        .Where(c => c.IsRunning && _containers.ContainsKey(c.Id))
        .ToDictionary(c => c.Id, c => _containers.TryGetValue(c.Id, out var p) ? p.Verdict : ProbeVerdict.Healthy);

    private void Remove(string id)
    {
        if (_containers.TryRemove(id, out var removed))
        {
            removed.Stop();
        }
    }

    private void Start(V1Pod pod, V1Container container, ContainerRecord record, PodRuntimeState observed)
    {
        var ip = observed.ReadySandbox is { HostNetwork: false, Ips: [var first, ..] } ? first : pod.Status?.HostIP;
        var target = new HandlerTarget(container, record.Id, string.IsNullOrEmpty(ip) ? "127.0.0.1" : ip);
        var probed = new ProbedContainer(pod, target, record, Before(pod, record))
        {
            Handlers = handlers,
            Events = events,
            Metrics = metrics,
            Time = time,
            Changed = () => Changed?.Invoke(pod.Metadata.Uid),
        };
        if (_containers.TryAdd(record.Id, probed))
        {
            probed.Start();
        }
    }

    /// <summary>After a restart of the agent the API still knows how this very container was.</summary>
    private static V1ContainerStatus? Before(V1Pod pod, ContainerRecord record) =>
        (pod.Status?.ContainerStatuses ?? []).Concat(pod.Status?.InitContainerStatuses ?? [])
            .FirstOrDefault(s => s.ContainerID == $"containerd://{record.Id}");
}
