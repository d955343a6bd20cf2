using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Aggregation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>What a server's discovery says: resources by group version, as the aggregated form has them.</summary>
internal sealed class RemoteDocument(IReadOnlyDictionary<string, JsonArray> versions)
{
    /// <summary>The form of all groups in one answer, in the versions that servers know.</summary>
    public const string Accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
        + "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    private readonly FrozenDictionary<string, JsonArray> _versions =
        versions.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The resources of a group version; none when it has none.</summary>
    public JsonArray ResourcesOf(string groupVersion) => _versions.GetValueOrDefault(groupVersion) ?? [];

    /// <summary>The same as controllers want them.</summary>
    public IEnumerable<AggregatedResource> Resources(string group, string version) =>
        ResourcesOf($"{group}/{version}").OfType<JsonObject>()
            .Where(static item => !string.IsNullOrEmpty(JsonTree.Text(item["resource"])))
            .Select(item => new AggregatedResource(
                new ResourceName(group, JsonTree.Text(item["resource"])!), version,
                JsonTree.Text((item["responseKind"] as JsonObject)?["kind"]) ?? "",
                JsonTree.Text(item["scope"]) == "Namespaced")
            {
                Verbs = [.. Texts(item["verbs"])],
            });

    /// <summary>The aggregated form; null when it is none, which older servers answer.</summary>
    public static RemoteDocument? ReadAggregated(ReadOnlySpan<byte> json)
    {
        if (Parse(json) is not { } root || JsonTree.Text(root["kind"]) != "APIGroupDiscoveryList")
        {
            return null;
        }

        var versions = new Dictionary<string, JsonArray>(StringComparer.Ordinal);
        foreach (var group in Objects(root["items"]))
        {
            var name = JsonTree.Text((group["metadata"] as JsonObject)?["name"]) ?? "";
            foreach (var version in Objects(group["versions"]))
            {
                versions[$"{name}/{JsonTree.Text(version["version"])}"] =
                    version["resources"] as JsonArray is { } resources ? Detached(resources) : [];
            }
        }

        return new RemoteDocument(versions);
    }

    /// <summary>The resources of one group version in the old form; null when it is none.</summary>
    public static JsonArray? ReadList(ReadOnlySpan<byte> json)
    {
        if (Parse(json) is not { } root || JsonTree.Text(root["kind"]) != "APIResourceList")
        {
            return null;
        }

        var byName = new Dictionary<string, JsonObject>(StringComparer.Ordinal);
        var result = new JsonArray();
        foreach (var item in Objects(root["resources"]))
        {
            var name = (JsonTree.Text(item["name"]) ?? "").Split('/', 2);
            if (!byName.TryGetValue(name[0], out var parent))
            {
                byName[name[0]] = parent = new JsonObject { ["resource"] = name[0] };
                result.Add((JsonNode)parent);
            }

            if (name.Length == 1)
            {
                Describe(parent, item);
            }
            else
            {
                if (parent["subresources"] is not JsonArray subresources)
                {
                    parent["subresources"] = subresources = [];
                }

                subresources.Add((JsonNode)new JsonObject
                {
                    ["subresource"] = name[1], ["responseKind"] = KindOf(item), ["verbs"] = Copy(item["verbs"]),
                });
            }
        }

        return result;
    }

    /// <summary>The paths of a server's OpenAPI index, each with where its document is.</summary>
    public static IReadOnlyDictionary<string, string> ReadOpenApiIndex(ReadOnlySpan<byte> json)
    {
        const string Root = "/openapi/v3/";
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, item) in Parse(json)?["paths"] as JsonObject ?? [])
        {
            var url = JsonTree.Text((item as JsonObject)?["serverRelativeURL"]);
            result[path] = url?.StartsWith(Root, StringComparison.Ordinal) == true ? url : Root + path;
        }

        return result;
    }

    private static void Describe(JsonObject resource, JsonObject item)
    {
        resource["responseKind"] = KindOf(item);
        resource["scope"] = (item["namespaced"] as JsonValue)?.GetValueKind() == JsonValueKind.True
            ? "Namespaced"
            : "Cluster";
        resource["singularResource"] = JsonTree.Text(item["singularName"]) ?? "";
        foreach (var name in (string[])["verbs", "shortNames", "categories"])
        {
            if (item[name] is JsonArray texts)
            {
                resource[name] = Copy(texts);
            }
        }
    }

    private static JsonObject KindOf(JsonObject item) => new()
    {
        ["group"] = JsonTree.Text(item["group"]) ?? "", ["version"] = JsonTree.Text(item["version"]) ?? "",
        ["kind"] = JsonTree.Text(item["kind"]) ?? "",
    };

    private static JsonArray Copy(JsonNode? texts) => new([.. Texts(texts).Select(static t => (JsonNode)t)]);

    private static JsonArray Detached(JsonArray array) => (JsonArray)array.DeepClone();

    private static IEnumerable<string> Texts(JsonNode? array) =>
        (array as JsonArray ?? []).Select(JsonTree.Text).OfType<string>();

    private static IEnumerable<JsonObject> Objects(JsonNode? array) => (array as JsonArray ?? []).OfType<JsonObject>();

    private static JsonObject? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonTree.Parse(json) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
