using k8s;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>The pods bound to this node, watched.</summary>
public sealed class KubePodSource(
    IKubernetes client, NodeAgentOptions options, TimeProvider time, ILogger<KubePodSource> logger)
    : BackgroundService, IPodSource
{
    private readonly Dictionary<string, V1Pod> _known = [];
    private readonly Lock _lock = new();
    private Action<PodChange, V1Pod>? _changed;
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Who comes late is first told what is known already.</summary>
    public event Action<PodChange, V1Pod>? Changed
    {
        add
        {
            lock (_lock)
            {
                foreach (var pod in _known.Values)
                {
                    value?.Invoke(PodChange.Set, pod);
                }

                _changed += value;
            }
        }

        remove
        {
            lock (_lock)
            {
                _changed -= value;
            }
        }
    }

    public Task Synced => _synced.Task;

    private string Selector => $"spec.nodeName={options.NodeName}";

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var reflector = new Reflector<V1Pod>("pods of this node", time, logger)
        {
            List = async token =>
            {
                var list = await client.CoreV1.ListPodForAllNamespacesAsync(
                    fieldSelector: Selector, cancellationToken: token);
                return new ObjectList<V1Pod>([.. list.Items], list.Metadata.ResourceVersion);
            },
            Watch = (revision, onError, token) => client.CoreV1.WatchListPodForAllNamespacesAsync(
                fieldSelector: Selector,
                resourceVersion: revision,
                allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1Pod>.WatchSeconds,
                onError: onError,
                cancellationToken: token),
            Replaced = Replace,
            Changed = Apply,
        };
        return reflector.RunAsync(stoppingToken);
    }

    private void Replace(IReadOnlyList<V1Pod> pods)
    {
        var uids = pods.Select(p => p.Metadata.Uid).ToHashSet();
        foreach (var gone in _known.Values.Where(p => !uids.Contains(p.Metadata.Uid)).ToList())
        {
            Apply(WatchEventType.Deleted, gone);
        }

        foreach (var pod in pods)
        {
            Apply(WatchEventType.Modified, pod);
        }

        _synced.TrySetResult();
    }

    private void Apply(WatchEventType type, V1Pod pod)
    {
        lock (_lock)
        {
            if (type == WatchEventType.Deleted)
            {
                _known.Remove(pod.Metadata.Uid);
                _changed?.Invoke(PodChange.Removed, pod);
            }
            else if (type is WatchEventType.Added or WatchEventType.Modified)
            {
                _known[pod.Metadata.Uid] = pod;
                _changed?.Invoke(PodChange.Set, pod);
            }
        }
    }
}
