using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>
/// Brings type and metadata of objects that are in others into their form, whatever schemas say of them: what metadata
/// does not have is dropped, and what has another type is refused, when an object is read.
/// </summary>
internal static class EmbeddedMetadata
{
    private static readonly string[] TypeFields = ["apiVersion", "kind"];

    /// <param name="body">A custom object.</param>
    /// <param name="schema">What it is like.</param>
    /// <param name="decoding">Takes what is wrong.</param>
    public static void Coerce(JsonObject body, JsonSchema schema, JsonDecoding decoding)
    {
        var found = new FieldErrors();
        EmbeddedWalk.Visit(body, schema, null, (item, path) => Coerce(item, path, decoding, found));
        if (found.All is [var first, ..])
        {
            decoding.Fail($"{first.Field}: {first.Message}");
        }
    }

    /// <summary>The same of any value; says of all objects in it what has another type.</summary>
    public static void Coerce(JsonNode? value, JsonSchema schema, FieldPath path, FieldErrors errors) =>
        EmbeddedWalk.Visit(value, schema, path, (item, place) => Coerce(item, place, new JsonDecoding(), errors));

    /// <summary>The same of a whole object, and of those in it.</summary>
    public static void CoerceWhole(JsonObject whole, JsonSchema schema, FieldErrors errors) =>
        EmbeddedWalk.VisitWhole(whole, schema, (item, path) => Coerce(item, path, new JsonDecoding(), errors));

    private static void Coerce(JsonObject item, FieldPath? path, JsonDecoding decoding, FieldErrors errors)
    {
        foreach (var name in TypeFields)
        {
            if (item.TryGetPropertyValue(name, out var type) && type?.GetValueKind() != JsonValueKind.String)
            {
                Refuse(FieldPath.Below(path, name), type, "must be a string", errors);
            }
        }

        if (item.TryGetPropertyValue("metadata", out var metadata))
        {
            CoerceMetadata(item, metadata, FieldPath.Below(path, "metadata"), decoding, errors);
        }
    }

    private static void CoerceMetadata(
        JsonObject item, JsonNode? metadata, FieldPath path, JsonDecoding decoding, FieldErrors errors)
    {
        if (metadata is not (null or JsonObject))
        {
            Refuse(
                path, metadata,
                $"json: cannot unmarshal {JsonTree.Describe(metadata)} into Go value of type v1.ObjectMeta", errors);
            return;
        }

        var inner = new JsonDecoding();
        inner.PushKey(path.ToString());
        var read = metadata is null
            ? new V1ObjectMeta()
            : (V1ObjectMeta)ResourceCodec.Read(typeof(V1ObjectMeta), JsonTree.ToBytes(metadata).Span, inner);
        if (inner.Error is { } error)
        {
            Refuse(path, metadata, error, errors);
            return;
        }

        decoding.TakeFindings(inner);
        item["metadata"] = JsonTree.Parse(ResourceCodec.Encode(read));
    }

    private static void Refuse(FieldPath path, JsonNode? value, string why, FieldErrors errors) =>
        errors.Invalid(path, new RawJson(value?.ToJsonString() ?? "null"), why);
}
