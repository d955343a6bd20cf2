using k8s;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Cluster;

/// <summary>How a <see cref="Reflector{T}"/> has Nodes: all, or those that a field selector selects.</summary>
public static class NodeFeed
{
    public static Func<CancellationToken, Task<ObjectList<V1Node>>> List(IKubernetes client, string? selector = null) =>
        async token =>
        {
            var list = await client.CoreV1.ListNodeAsync(fieldSelector: selector, cancellationToken: token);
            return new ObjectList<V1Node>([.. list.Items], list.Metadata.ResourceVersion);
        };

    public static Func<string, Action<Exception>, CancellationToken, IAsyncEnumerable<(WatchEventType, V1Node)>> Watch(
        IKubernetes client, string? selector = null) =>
        (revision, onError, token) => client.CoreV1.WatchListNodeAsync(
            fieldSelector: selector,
            resourceVersion: revision,
            allowWatchBookmarks: true,
            timeoutSeconds: Reflector<V1Node>.WatchSeconds,
            onError: onError,
            cancellationToken: token);
}
