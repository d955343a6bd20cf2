using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Batch.Jobs;

/// <summary>
/// The finalizer that holds a pod until its Job has counted it: no pod is lost to the counters, and none counted twice.
/// </summary>
public static class JobTracking
{
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    public static bool IsTracked(ResourceObject pod) => pod.Metadata.Finalizers.Contains(Finalizer);

    /// <summary>Lets a pod go; null also when it has gone by itself.</summary>
    public static async ValueTask<Status?> UntrackAsync(
        IResourceClient client, ResourceObject pod, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = pod.Uid, ["$deleteFromPrimitiveList/finalizers"] = new JsonArray(Finalizer),
            },
        };
        var outcome = await client.PatchAsync<V1Pod>(
            pod.Key, PatchKind.Strategic, patch.ToJsonString(), "", cancellationToken);
        return outcome.Succeeded || outcome.Error.Reason is StatusReasons.NotFound or StatusReasons.Invalid
            ? null
            : outcome.Error;
    }
}
