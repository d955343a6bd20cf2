using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// Where a kind keeps what its <c>autoscaling/v1 Scale</c> shows and changes, as paths of fields; the same three facts
/// that a custom resource declares.
/// </summary>
/// <param name="Replicas">The number that is wanted.</param>
/// <param name="Actual">The number that there is.</param>
/// <param name="Selector">The selector: an object, a map of labels, or a text.</param>
public sealed record ScalePaths(string Replicas, string Actual, string Selector)
{
    /// <summary>Of the kinds that keep pods of a template.</summary>
    public static ScalePaths OfWorkload { get; } = new("spec.replicas", "status.replicas", "spec.selector");

    /// <summary>Why an object that says no wanted number has no scale, in upstream's words.</summary>
    public string Lacking => $"the spec replicas field \".{Replicas}\" does not exist";

    /// <summary>The wanted number of an object in JSON; null when it says none.</summary>
    public int? ReadReplicas(JsonNode item) => Number(item, Replicas);

    /// <summary>The actual number; zero when nothing is known.</summary>
    public int ReadActual(JsonNode item) => Number(item, Actual) ?? 0;

    /// <summary>The selector as text.</summary>
    public string ReadSelector(JsonNode item) => Find(item, Selector) switch
    {
        null => "",
        JsonValue text => text.TryGetValue<string>(out var selector) ? selector : "",
        JsonObject selector when selector.ContainsKey("matchLabels") || selector.ContainsKey("matchExpressions") =>
            LabelSelector.Of(selector.Deserialize<k8s.Models.V1LabelSelector>()).ToString(),
        var labels => LabelSelector.OfMap(labels.Deserialize<Dictionary<string, string>>()).ToString(),
    };

    /// <summary>Writes the wanted number.</summary>
    public void WriteReplicas(JsonNode item, int replicas)
    {
        var path = Replicas.Split('.');
        var owner = path[..^1].Aggregate(
            item, static (node, name) => node[name] as JsonObject ?? (node[name] = new JsonObject()));
        owner[path[^1]] = (long)replicas;
    }

    private static JsonNode? Find(JsonNode item, string path) =>
        path.Split('.').Aggregate((JsonNode?)item, static (node, name) => (node as JsonObject)?[name]);

    private static int? Number(JsonNode item, string path) =>
        Find(item, path) is JsonValue value && value.TryGetValue<long>(out var number)
            ? (int)Math.Clamp(number, int.MinValue, int.MaxValue)
            : null;
}
