using System.Collections.Concurrent;
using k8s.Models;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Search;
using OrleansOrchestrator.Logs.Shipping;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>
/// Streams and whose they are. A node opens a stream for a container of a pod that is bound to it, and for the log of
/// its agent; what is known of the pod is read here, not believed of the node, and stays with the stream when the pod
/// is gone.
/// </summary>
internal sealed class LogStreams(ILogStore store, ObjectReader reader)
{
    /// <summary>Remembered streams; above it all are forgotten and read again when they are needed.</summary>
    private const int MaxKnown = 50_000;

    private readonly ConcurrentDictionary<long, LogStream> _known = new();

    /// <summary>The stream of that name; null when it is none of the node's.</summary>
    public async Task<LogStream?> OpenAsync(string node, StreamName name, CancellationToken cancellationToken)
    {
        if (name.Container == StreamName.EventContainer)
        {
            return null;
        }

        var stream = await store.FindStreamAsync(name, cancellationToken);
        if (stream is null && await DescribeAsync(node, name, cancellationToken) is { } described)
        {
            stream = await store.OpenStreamAsync(described, cancellationToken);
        }

        return stream is not null && stream.Node == node && stream.Name == name ? stream : null;
    }

    /// <summary>The stream of this silo's own log, which belongs to no node.</summary>
    public Task<LogStream> OpenOwnAsync(StreamName name, CancellationToken cancellationToken) =>
        store.OpenStreamAsync(Own("", name), cancellationToken);

    /// <summary>Streams by number, as far as they are there. Their positions may be old.</summary>
    public async Task<IReadOnlyDictionary<long, LogStream>> ReadAsync(
        IEnumerable<long> streams, CancellationToken cancellationToken)
    {
        var found = new Dictionary<long, LogStream>();
        var missing = new List<long>();
        foreach (var id in streams.Distinct())
        {
            if (_known.TryGetValue(id, out var known) && !MayGetNode(known))
            {
                found.Add(id, known);
            }
            else
            {
                missing.Add(id);
            }
        }

        if (missing.Count > 0)
        {
            if (_known.Count > MaxKnown)
            {
                _known.Clear();
            }

            foreach (var stream in await store.ReadStreamsAsync(missing, cancellationToken))
            {
                found[stream.Id] = _known[stream.Id] = stream;
            }
        }

        return found;
    }

    /// <summary>Forgets streams, which may be gone from the store.</summary>
    public void Forget(IEnumerable<long> streams)
    {
        foreach (var stream in streams)
        {
            _known.TryRemove(stream, out _);
        }
    }

    /// <summary>Events of a pod may begin before it has a node.</summary>
    private static bool MayGetNode(LogStream stream) =>
        stream.Node.Length == 0 && stream.Name.Container == StreamName.EventContainer && stream.Name.Pod.Length > 0;

    private static LogStream Own(string node, StreamName name) => new()
    {
        Name = name, Node = node, Labels = new Dictionary<string, string> { ["component"] = name.Container },
    };

    private async Task<LogStream?> DescribeAsync(string node, StreamName name, CancellationToken cancellationToken)
    {
        if (name == OwnStreams.OfNode(node))
        {
            return Own(node, name);
        }

        if (await FindPodAsync(node, name, cancellationToken) is not { } pod)
        {
            return null;
        }

        var workload = await WorkloadOf.FindAsync(
            pod, (resource, key) => FindLinkAsync(resource, key, cancellationToken));
        return new LogStream
        {
            Name = name,
            Node = node,
            Labels = pod.As<V1Pod>().Metadata.Labels?.ToDictionary(StringComparer.Ordinal) ?? [],
            WorkloadKind = workload?.Kind.ToLowerInvariant() ?? "",
            Workload = workload?.Name ?? "",
        };
    }

    /// <summary>The cache may be behind: then the node knows the pod before this silo does.</summary>
    private async Task<ResourceObject?> FindPodAsync(string node, StreamName name, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(name.Namespace, name.Pod);
        foreach (var freshness in (ReadFreshness[])[ReadFreshness.Cached, ReadFreshness.Linearizable])
        {
            var pod = await reader.GetAsync(WellKnown.Pods, key, freshness, cancellationToken);
            if (pod?.As<V1Pod>() is { } found && found.Spec?.NodeName == node
                && PodReferences.StandsFor(found, name.Uid))
            {
                return pod;
            }
        }

        return null;
    }

    private async ValueTask<ResourceObject?> FindLinkAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken) =>
        await reader.GetAsync(resource, key, ReadFreshness.Cached, cancellationToken)
            ?? await reader.GetAsync(resource, key, ReadFreshness.Linearizable, cancellationToken);
}
