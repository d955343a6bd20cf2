using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>What another server answers when it is asked for the metadata of objects.</summary>
/// <param name="Items">The objects, as far as their metadata go.</param>
/// <param name="Continue">Where the next page begins; empty when this was the last.</param>
internal sealed record PartialList(IReadOnlyList<ResourceObject> Items, string Continue)
{
    /// <summary>The form to ask for.</summary>
    public const string Accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

    /// <summary>Null when it makes no sense: what others answer is not to be trusted.</summary>
    public static PartialList? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonTree.Parse(json) is JsonObject list && list["items"] is JsonArray or null
                ? new PartialList(
                    [.. (list["items"] as JsonArray ?? []).OfType<JsonObject>().Select(Item)],
                    JsonTree.Text((list["metadata"] as JsonObject)?["continue"]) ?? "")
                : null;
        }
        catch (Exception nonsense) when (
            nonsense is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A single object, which was asked for by its name; null when it makes no sense.</summary>
    public static ResourceObject? ReadItem(ObjectKey key, ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonTree.Parse(json) is JsonObject item && item["metadata"] is JsonObject metadata
                ? Item(key, metadata, item)
                : null;
        }
        catch (Exception nonsense) when (
            nonsense is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Throws FormatException when its metadata cannot be read.</summary>
    private static ResourceObject Item(JsonObject item)
    {
        var metadata = item["metadata"] as JsonObject;
        if (JsonTree.Text(metadata?["name"]) is not { Length: > 0 } name)
        {
            throw new FormatException("An object without a name.");
        }

        return Item(new ObjectKey(JsonTree.Text(metadata!["namespace"]) ?? "", name), metadata, item);
    }

    private static ResourceObject Item(ObjectKey key, JsonObject metadata, JsonObject item)
    {
        var result = new ResourceObject(key, JsonTree.Text(metadata["uid"]) ?? "", 0, JsonTree.ToBytes(item));
        _ = result.Metadata;
        return result;
    }
}
