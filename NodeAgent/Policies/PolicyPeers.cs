using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cluster;

namespace OrleansOrchestrator.NodeAgent.Policies;

/// <summary>
/// Whom policies may mean besides this node's pods: all namespaces, and the pods of other nodes. Of those only what
/// policies ask is kept.
/// </summary>
/// <param name="client">The API.</param>
/// <param name="nodeName">This node.</param>
/// <param name="time">Clock.</param>
/// <param name="logger">Log.</param>
/// <param name="changed">Told when something has changed that policies ask.</param>
public sealed class PolicyPeers(
    IKubernetes client, string nodeName, TimeProvider time, ILogger logger, Action changed)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> _namespaces =
        new(StringComparer.Ordinal);
    private readonly Dictionary<string, PolicyPod> _pods = new(StringComparer.Ordinal);
    private bool _hasNamespaces;
    private bool _hasPods;

    /// <summary>What is known, with the policies that ask; null as long as not all of it is.</summary>
    public PolicyWorld? WorldOf(IReadOnlyList<V1NetworkPolicy> policies)
    {
        lock (_lock)
        {
            return _hasNamespaces && _hasPods
                ? new PolicyWorld(
                    policies, new Dictionary<string, IReadOnlyDictionary<string, string>>(_namespaces),
                    [.. _pods.Values])
                : null;
        }
    }

    /// <summary>Follows both until it is told to stop.</summary>
    public Task FollowAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(FollowNamespacesAsync(cancellationToken), FollowPodsAsync(cancellationToken));

    /// <summary>All namespaces there are.</summary>
    public void ReplaceNamespaces(IReadOnlyList<V1Namespace> namespaces) => Change(() =>
    {
        _namespaces.Clear();
        foreach (var space in namespaces)
        {
            _namespaces[space.Metadata.Name] = LabelsOf(space);
        }

        _hasNamespaces = true;
        return true;
    });

    /// <summary>One namespace came, changed or went.</summary>
    public void ChangeNamespace(WatchEventType type, V1Namespace space) => Change(() =>
    {
        if (type == WatchEventType.Deleted)
        {
            return _namespaces.Remove(space.Metadata.Name);
        }

        var labels = LabelsOf(space);
        var isOther = !_namespaces.TryGetValue(space.Metadata.Name, out var known) || !PolicyPod.IsSame(known, labels);
        _namespaces[space.Metadata.Name] = labels;
        return isOther;
    });

    /// <summary>All pods of other nodes.</summary>
    public void ReplacePods(IReadOnlyList<V1Pod> pods) => Change(() =>
    {
        _pods.Clear();
        foreach (var pod in pods)
        {
            Keep(pod);
        }

        _hasPods = true;
        return true;
    });

    /// <summary>One pod of another node came, changed or went.</summary>
    public void ChangePod(WatchEventType type, V1Pod pod) =>
        Change(() => type == WatchEventType.Deleted ? _pods.Remove(pod.Metadata.Uid) : Keep(pod));

    // Says whether that made a difference: of all that is reported of pods, nearly nothing does.
    private bool Keep(V1Pod pod)
    {
        var known = _pods.GetValueOrDefault(pod.Metadata.Uid);
        var addresses = (pod.Status?.PodIPs ?? []).Select(static p => p.Ip);
        if (PolicyPod.Of(pod, addresses, isLocal: false) is not { Addresses.Count: > 0 } counted)
        {
            return _pods.Remove(pod.Metadata.Uid);
        }

        _pods[pod.Metadata.Uid] = counted;
        return !counted.IsSameAs(known);
    }

    private void Change(Func<bool> change)
    {
        bool isOther;
        lock (_lock)
        {
            isOther = change();
        }

        if (isOther)
        {
            changed();
        }
    }

    private static Dictionary<string, string> LabelsOf(V1Namespace space) =>
        new(space.Metadata.Labels ?? new Dictionary<string, string>());

    private Task FollowNamespacesAsync(CancellationToken cancellationToken) =>
        new Reflector<V1Namespace>("namespaces", time, logger)
    {
        List = async token =>
        {
            var list = await client.CoreV1.ListNamespaceAsync(cancellationToken: token);
            return new ObjectList<V1Namespace>([.. list.Items], list.Metadata.ResourceVersion);
        },
        Watch = (revision, onError, token) => client.CoreV1.WatchListNamespaceAsync(
            resourceVersion: revision, allowWatchBookmarks: true, timeoutSeconds: Reflector<V1Namespace>.WatchSeconds,
            onError: onError, cancellationToken: token),
        Replaced = ReplaceNamespaces,
        Changed = ChangeNamespace,
    }.RunAsync(cancellationToken);

    private Task FollowPodsAsync(CancellationToken cancellationToken)
    {
        var selector = $"spec.nodeName!={nodeName},spec.nodeName!=";
        return new Reflector<V1Pod>("pods of other nodes", time, logger)
        {
            List = async token =>
            {
                var list = await client.CoreV1.ListPodForAllNamespacesAsync(
                    fieldSelector: selector, cancellationToken: token);
                return new ObjectList<V1Pod>([.. list.Items], list.Metadata.ResourceVersion);
            },
            Watch = (revision, onError, token) => client.CoreV1.WatchListPodForAllNamespacesAsync(
                fieldSelector: selector, resourceVersion: revision, allowWatchBookmarks: true,
                timeoutSeconds: Reflector<V1Pod>.WatchSeconds, onError: onError, cancellationToken: token),
            Replaced = ReplacePods,
            Changed = ChangePod,
        }.RunAsync(cancellationToken);
    }
}
