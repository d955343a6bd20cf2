using k8s;
using k8s.Autorest;
using k8s.Models;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Waits until every node of a cluster is Ready.</summary>
/// <param name="access">How its API is reached, read anew each time.</param>
/// <param name="own">The node of this machine, if any: what was said of it before its agent began is past.</param>
/// <param name="began">When its agent began.</param>
/// <param name="time">The clock.</param>
public sealed class ReadyNodes(
    Func<KubernetesClientConfiguration> access, string? own, DateTimeOffset began, TimeProvider time)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when there are nodes and all are Ready; begins anew when the API went away meanwhile.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                if (await FollowOnceAsync(cancellationToken))
                {
                    return;
                }
            }
            catch (Exception failure) when (
                !cancellationToken.IsCancellationRequested
                && failure is HttpRequestException or HttpOperationException or IOException or KubernetesException
                    or OperationCanceledException)
            {
                // The silo may be starting again; a request that takes the client too long counts as cancelled.
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    /// <summary>False when the watch ended before that.</summary>
    private async Task<bool> FollowOnceAsync(CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(access());
        var list = await client.CoreV1.ListNodeAsync(cancellationToken: cancellationToken);
        var nodes = list.Items.ToDictionary(static n => n.Metadata.Name, IsReady, StringComparer.Ordinal);
        if (AreReady(nodes))
        {
            return true;
        }

        var changes = client.CoreV1.WatchListNodeAsync(
            resourceVersion: list.Metadata.ResourceVersion, cancellationToken: cancellationToken);
        await foreach (var (kind, node) in changes)
        {
            if (kind == WatchEventType.Deleted)
            {
                nodes.Remove(node.Metadata.Name);
            }
            else
            {
                nodes[node.Metadata.Name] = IsReady(node);
            }

            if (AreReady(nodes))
            {
                return true;
            }
        }

        return false;
    }

    private static bool AreReady(Dictionary<string, bool> nodes) => nodes.Count > 0 && nodes.Values.All(static r => r);

    /// <summary>Whether a node says that it is ready, and says so now.</summary>
    public bool IsReady(V1Node node) => node.Status?.Conditions?.Any(
        c => c.Type == "Ready" && c.Status == "True" && (node.Metadata.Name != own || IsOfNow(c))) ?? false;

    // Heartbeats are written in whole seconds.
    private bool IsOfNow(V1NodeCondition condition) =>
        condition.LastHeartbeatTime?.ToUniversalTime() > began.UtcDateTime - TimeSpan.FromSeconds(1);
}
