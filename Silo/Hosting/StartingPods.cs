using System.Text.Json;
using k8s;
using k8s.Autorest;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.Pods;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>Counts the pods of a cluster that have a node, are to run there, and are not Ready yet.</summary>
/// <param name="access">How its API is reached.</param>
/// <param name="own">
/// The node of this machine, if any: its containers went with the cluster that was stopped, so what is said of its pods
/// counts only once its runtime runs them.
/// </param>
/// <param name="time">The clock by which they are late.</param>
public sealed class StartingPods(Func<KubernetesClientConfiguration> access, string? own, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many there are; null when API and node do not say within 5 s, or what they say is no list of pods: nothing
    /// depends on it but what a user is told.
    /// </summary>
    public async Task<int?> CountAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await AskAsync(stop.Token);
        }
        catch (Exception failure) when (
            failure is HttpRequestException or HttpOperationException or IOException or OperationCanceledException
                or JsonException or KeyNotFoundException or InvalidOperationException
            && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private async Task<int> AskAsync(CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(access());
        var pods = await client.CoreV1.ListPodForAllNamespacesAsync(cancellationToken: cancellationToken);
        return Count(pods.Items, own, own is null ? new() : await RunningAsync(client, own, cancellationToken));
    }

    /// <summary>The same of pods that are known.</summary>
    /// <param name="pods">All pods of the cluster.</param>
    /// <param name="own">The node of this machine, if any.</param>
    /// <param name="running">Uids of the pods of which its runtime runs a container.</param>
    public static int Count(IEnumerable<V1Pod> pods, string? own, IReadOnlySet<string> running) => pods.Count(
        p => p.Spec.NodeName is { Length: > 0 } node && IsToRun(p)
            && !(IsReady(p) && (node != own || running.Contains(RuntimeUid(p)))));

    /// <summary>The pod of a file runs under its own uid, which the pod that stands for it in the API tells.</summary>
    private static string RuntimeUid(V1Pod pod) =>
        pod.Metadata.Annotations?.TryGetValue(PodAnnotations.Mirror, out var uid) == true ? uid : pod.Metadata.Uid;

    private static bool IsToRun(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed");

    private static bool IsReady(V1Pod pod) =>
        pod.Status?.Conditions?.Any(static c => c is { Type: "Ready", Status: "True" }) == true;

    private static async Task<HashSet<string>> RunningAsync(
        Kubernetes client, string node, CancellationToken cancellationToken)
    {
        using var answer = await client.CoreV1.ConnectGetNodeProxyWithPathAsync(
            node, "runningpods", cancellationToken: cancellationToken);
        var pods = await JsonSerializer.DeserializeAsync<JsonElement>(
            answer, cancellationToken: cancellationToken);
        return
        [
            .. pods.GetProperty("items").EnumerateArray()
                .Select(static p => p.GetProperty("metadata").GetProperty("uid").GetString()!),
        ];
    }
}
