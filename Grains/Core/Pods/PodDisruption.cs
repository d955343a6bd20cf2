using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Formats;

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
}
