using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Pods;

/// <summary>The status by which a pod says that it is not its own fault that it goes.</summary>
public static class PodDisruption
{
    /// <summary>The type of the condition.</summary>
    public const string Condition = "DisruptionTarget";

    /// <summary>A strategic merge patch of the status.</summary>
    public static JsonObject Patch(V1Pod pod, string reason, string message, string? phase, DateTimeOffset now) =>
        Patch(pod.Metadata.Uid, pod.Metadata.Generation, reason, message, phase, now);

    /// <inheritdoc cref="Patch(V1Pod, string, string, string?, DateTimeOffset)"/>
    public static JsonObject Patch(
        string uid, long? generation, string reason, string message, string? phase, DateTimeOffset now)
    {
        var status = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = Condition,
                ["observedGeneration"] = generation,
                ["status"] = "True",
                ["reason"] = reason,
                ["message"] = message,
                ["lastTransitionTime"] = now.ToApiText(),
            }),
        };
        if (phase is not null)
        {
            status["phase"] = phase;
        }

        return new JsonObject { ["metadata"] = new JsonObject { ["uid"] = uid }, ["status"] = status };
    }

    /// <summary>Has a pod say so, then deletes it, within its grace period. The first refusal is the answer.</summary>
    /// <param name="client">Who does it.</param>
    /// <param name="key">The pod.</param>
    /// <param name="uid">That of the pod: another of its name stays.</param>
    /// <param name="patch">What it is to say.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<Outcome<ResourceObject>> EvictAsync(
        IResourceClient client, ObjectKey key, string uid, JsonObject patch, CancellationToken cancellationToken)
    {
        var marked = await client.PatchStatusAsync<V1Pod>(key, patch, cancellationToken);
        return marked.Succeeded
            ? await client.DeleteAsync(
                new DeleteRequest { Resource = WellKnown.Pods, Key = key, Uid = uid }, cancellationToken)
            : marked;
    }
}
