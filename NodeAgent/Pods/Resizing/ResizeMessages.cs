using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods.Resizing;

/// <summary>Texts of the events about resizes, which carry the amounts as JSON. Pure.</summary>
public static class ResizeMessages
{
    // quotation marks in errors are written \" as Go does
    private static readonly JsonSerializerOptions Options =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Started(V1Pod pod, long? generation) => Text("Pod resize started", pod, generation, "");

    public static string Completed(V1Pod pod, long generation) => Text("Pod resize completed", pod, generation, "");

    public static string Failed(V1Pod pod, long generation, string error) =>
        Text("Pod resize error", pod, generation, error);

    public static string Pending(V1Pod pod, long? generation, string reason, string error) =>
        Text($"Pod resize {reason}", pod, generation, error);

    private static string Text(string prefix, V1Pod pod, long? generation, string error)
    {
        var summary = new JsonObject();
        Add(summary, "initContainers", pod.Sidecars());
        Add(summary, "containers", pod.Spec.Containers);
        summary["generation"] = generation ?? 0;
        if (error.Length > 0)
        {
            summary["error"] = error;
        }

        return $"{prefix}: {summary.ToJsonString(Options)}";
    }

    private static void Add(JsonObject summary, string name, IEnumerable<V1Container> containers)
    {
        JsonNode[] items =
            [.. containers.Select(c => new JsonObject { ["name"] = c.Name, ["resources"] = Amounts(c.Resources) })];
        if (items.Length > 0)
        {
            summary[name] = new JsonArray(items);
        }
    }

    private static JsonObject Amounts(V1ResourceRequirements? resources)
    {
        var json = new JsonObject();
        foreach (var (name, list) in new[] { ("limits", resources?.Limits), ("requests", resources?.Requests) })
        {
            if (list is { Count: > 0 })
            {
                json[name] = new JsonObject(list.OrderBy(a => a.Key, StringComparer.Ordinal)
                    .Select(a => KeyValuePair.Create(a.Key, (JsonNode?)JsonValue.Create(a.Value.ToString()))));
            }
        }

        return json;
    }
}
