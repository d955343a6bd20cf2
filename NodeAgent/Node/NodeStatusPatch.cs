using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Node;

/// <summary>The patch from one node status to another; heartbeat times alone are no change. Pure.</summary>
public static class NodeStatusPatch
{
    private static readonly HashSet<string> Ours =
    [
        "addresses", "capacity", "allocatable", "daemonEndpoints", "declaredFeatures", "features", "nodeInfo", "images",
        "runtimeHandlers", "volumesInUse",
    ];

    /// <summary>
    /// Null when there is nothing to say. Whatever is said, the conditions go along, with their times.
    /// </summary>
    public static string? Compute(V1NodeStatus? before, V1NodeStatus after, bool force)
    {
        var old = before is null ? [] : JsonNode.Parse(KubernetesJson.Serialize(before))!.AsObject();
        var wanted = JsonNode.Parse(KubernetesJson.Serialize(after))!.AsObject();
        var status = new JsonObject();
        foreach (var name in Ours.Where(n => !JsonNode.DeepEquals(old[n], wanted[n])))
        {
            var value = wanted[name]?.DeepClone();
            if (name == "addresses" && value is JsonArray addresses && old[name] is not null)
            {
                addresses.Insert(
                    0, new JsonObject { ["$patch"] = "replace" }); // several may share a type, the merge key
            }

            DropMissing(old[name], value);
            status[name] = value;
        }

        if (force || status.Count > 0 || ConditionsDiffer(before, after))
        {
            status["conditions"] = wanted["conditions"]?.DeepClone();
        }

        return status.Count == 0 ? null : new JsonObject { ["status"] = status }.ToJsonString();
    }

    /// <summary>Maps are merged: what is to go has to be said.</summary>
    private static void DropMissing(JsonNode? before, JsonNode? after)
    {
        if (before is JsonObject known && after is JsonObject wanted)
        {
            foreach (var key in known.Select(static p => p.Key).Where(k => !wanted.ContainsKey(k)))
            {
                wanted[key] = null;
            }
        }
    }

    private static bool ConditionsDiffer(V1NodeStatus? before, V1NodeStatus after) =>
        after.Conditions.Any(c => before?.Conditions?.FirstOrDefault(b => b.Type == c.Type) is not { } same
            || same.Status != c.Status || same.Reason != c.Reason || same.Message != c.Message);
}
