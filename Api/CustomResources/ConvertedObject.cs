using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.CustomResources;

/// <summary>
/// What a webhook has made of one object. Of its metadata it may change labels and annotations only; everything else
/// there stays as it was.
/// </summary>
internal static class ConvertedObject
{
    private const string NotAsObject = "converted object";
    private const string NotAsMetadata = "metadata in object";

    /// <summary>The object; a failure's reason names what is invalid, its message says why.</summary>
    public static Outcome<CustomObject> Read(CustomObject original, JsonNode? converted, string apiVersion)
    {
        if (converted is not JsonObject whole)
        {
            return Wrong(NotAsObject, $"json: cannot unmarshal {JsonTree.Describe(converted)} into an object");
        }

        var (version, kind) = (JsonTree.Text(whole["apiVersion"]) ?? "", JsonTree.Text(whole["kind"]) ?? "");
        if (kind.Length == 0)
        {
            return Wrong(NotAsObject, $"Object 'Kind' is missing in '{whole.ToJsonString()}'");
        }

        if (version != apiVersion)
        {
            return Wrong(NotAsObject, $"invalid groupVersion (expected {apiVersion}, received {version})");
        }

        if (kind != original.Kind)
        {
            return Wrong(NotAsObject, $"invalid kind (expected {original.Kind}, received {kind})");
        }

        if (whole["metadata"] is not JsonObject metadata)
        {
            return Wrong(
                NotAsMetadata,
                whole.ContainsKey("metadata")
                    ? $"invalid metadata of type {GoValues.TypeOf(whole["metadata"])} in converted object"
                    : "missing metadata in converted object");
        }

        return CheckIdentity(original, metadata) is { } wrong ? wrong : Take(original, whole, metadata);
    }

    private static Status? CheckIdentity(CustomObject original, JsonObject metadata)
    {
        var before = original.Metadata;
        foreach (var (what, field, expected) in new[]
        {
            ("name", "name", before.Name ?? ""), ("namespace", "namespace", before.NamespaceProperty ?? ""),
            ("UID", "uid", before.Uid ?? ""),
        })
        {
            if ((JsonTree.Text(metadata[field]) ?? "") is var given && given != expected)
            {
                return Wrong(NotAsObject, $"must have the same {what}: {expected} != {given}");
            }
        }

        return null;
    }

    private static Outcome<CustomObject> Take(CustomObject original, JsonObject whole, JsonObject metadata)
    {
        var labels = Texts(metadata, "labels", original.Metadata.Labels);
        var annotations = Texts(metadata, "annotations", original.Metadata.Annotations);
        if (!labels.Succeeded || !annotations.Succeeded)
        {
            return labels.Succeeded ? annotations.Error! : labels.Error;
        }

        var json = JsonTree.ToBytes(whole);
        CustomObject item;
        try
        {
            item = (CustomObject)ResourceCodec.Read(
                typeof(CustomObject), json.Span, new JsonDecoding { Source = json });
        }
        catch (JsonException)
        {
            return Wrong(NotAsObject, "exceeded max depth");
        }

        // The original's own metadata is shared by nobody: it was decoded for this.
        item.Metadata = original.Metadata;
        item.Metadata.Labels = labels.Value.Texts;
        item.Metadata.Annotations = annotations.Value.Texts;
        return item;
    }

    private static Outcome<OptionalTexts> Texts(JsonObject metadata, string field, IDictionary<string, string>? before)
    {
        switch (metadata[field])
        {
            case null or JsonObject { Count: 0 }:
                return new OptionalTexts(null);
            case JsonObject map:
                return Changed(map, field, before);
            case var other:
                return Wrong(
                    NotAsMetadata, $"invalid metadata.{field} of type {GoValues.TypeOf(other)} in converted object");
        }
    }

    /// <summary>What is as it was is not looked at again; of what is not, all is.</summary>
    private static Outcome<OptionalTexts> Changed(JsonObject map, string field, IDictionary<string, string>? before)
    {
        var result = new Dictionary<string, string>(map.Count, StringComparer.Ordinal);
        foreach (var (key, value) in map)
        {
            if (JsonTree.Text(value) is not { } text)
            {
                return Wrong(
                    NotAsMetadata,
                    $"metadata.{field}[{key}] must be a string, but is {GoValues.TypeOf(value)} in converted object");
            }

            result[key] = text;
        }

        var hasChanged = before is null || result.Count != before.Count
            || result.Any(t => !before.TryGetValue(t.Key, out var old) || old != t.Value);
        return hasChanged && Complaint(field, result) is { } complaint
            ? Wrong(NotAsMetadata, complaint)
            : new OptionalTexts(result);
    }

    private static string? Complaint(string field, Dictionary<string, string> texts)
    {
        var errors = new FieldErrors();
        if (field == "labels")
        {
            ObjectMetaRules.ValidateLabels(texts, FieldPath.Of("metadata", "labels"), errors);
        }
        else
        {
            // Upstream's word for it, here alone.
            ObjectMetaRules.ValidateAnnotations(texts, FieldPath.Of("metadata", "annotation"), errors);
        }

        return errors.Count > 0 ? errors.ToText() : null;
    }

    private static Status Wrong(string what, string why) => new() { Code = 500, Reason = what, Message = why };

    private readonly record struct OptionalTexts(IDictionary<string, string>? Texts);
}
