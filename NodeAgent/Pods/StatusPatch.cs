using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Pods.Resizing;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The smallest strategic merge patch from one pod status to another. Conditions merge by type, so those of others
/// are never touched, and only those of a resize ever go; container statuses are replaced as a whole; addresses say so
/// explicitly. Pure.
/// </summary>
public static class StatusPatch
{
    private const string Conditions = "conditions";

    private static readonly HashSet<string> MergedByIp = ["podIPs", "hostIPs"];

    /// <summary>Fields of a status that others own or that only the API sets.</summary>
    private static readonly HashSet<string> NotOurs =
        ["qosClass", "nominatedNodeName", "resize", "resourceClaimStatuses", "extendedResourceClaimStatus", Conditions];

    /// <summary>Null when nothing would change. The uid in it makes the API refuse another pod of that name.</summary>
    public static string? Compute(V1PodStatus? before, V1PodStatus after, string uid)
    {
        var old = ToJson(before);
        var wanted = ToJson(after);
        var status = new JsonObject();
        foreach (var name in old.Select(p => p.Key).Union(wanted.Select(p => p.Key)).Where(n => !NotOurs.Contains(n)))
        {
            if (!JsonNode.DeepEquals(old[name], wanted[name]))
            {
                status[name] = Value(name, old[name], wanted[name]);
            }
        }

        var conditions = ChangedConditions(old, wanted);
        if (conditions.Count > 0)
        {
            status[Conditions] = conditions;
        }

        return status.Count == 0
            ? null
            : new JsonObject { ["metadata"] = new JsonObject { ["uid"] = uid }, ["status"] = status }.ToJsonString();
    }

    private static JsonNode? Value(string name, JsonNode? old, JsonNode? wanted)
    {
        var copy = wanted?.DeepClone();
        if (MergedByIp.Contains(name) && old is JsonArray { Count: > 0 } && copy is JsonArray list)
        {
            list.Insert(0, new JsonObject { ["$patch"] = "replace" });
        }

        return copy;
    }

    private static JsonArray ChangedConditions(JsonObject old, JsonObject wanted)
    {
        var before = (old[Conditions] as JsonArray ?? []).ToDictionary(c => (string)c!["type"]!, c => c);
        var changed = new JsonArray();
        foreach (var condition in wanted[Conditions] as JsonArray ?? [])
        {
            var type = (string)condition!["type"]!;
            if (before.TryGetValue(type, out var same) && JsonNode.DeepEquals(same, condition))
            {
                continue;
            }

            var copy = condition.DeepClone().AsObject();
            foreach (var dropped in (same as JsonObject ?? []).Select(p => p.Key).Where(k => !copy.ContainsKey(k)))
            {
                copy[dropped] = null;
            }

            changed.Add(copy);
        }

        var kept = (wanted[Conditions] as JsonArray ?? []).Select(c => (string)c!["type"]!);
        foreach (var gone in before.Keys.Except(kept).Where(ResizeConditions.IsOne))
        {
            changed.Add(new JsonObject { ["$patch"] = "delete", ["type"] = gone });
        }

        return changed;
    }

    private static JsonObject ToJson(V1PodStatus? status)
    {
        var json = status is null ? [] : JsonNode.Parse(KubernetesJson.Serialize(status))!.AsObject();
        foreach (var condition in json[Conditions] as JsonArray ?? [])
        {
            condition!.AsObject().Remove("lastProbeTime");
        }

        return json;
    }
}
