using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.ApiExtensions.Schemas;

/// <summary>Findings on type and metadata of objects that are in others (x-kubernetes-embedded-resource).</summary>
internal static class EmbeddedObjects
{
    private const string Empty = "must not be empty";

    private static readonly string[] Required = ["apiVersion", "kind"];

    /// <param name="value">A value that may be such an object, or have them in it.</param>
    /// <param name="schema">What it is like.</param>
    /// <param name="path">Where it is; null for a whole custom object.</param>
    /// <param name="errors">Takes the findings.</param>
    public static void Validate(JsonNode? value, JsonSchema? schema, FieldPath? path, FieldErrors errors) =>
        EmbeddedWalk.Visit(value, schema, path, (item, place) => ValidateObject(item, place, errors));

    /// <summary>Findings on those of a whole object, too.</summary>
    public static void ValidateWhole(JsonObject whole, JsonSchema schema, FieldErrors errors) =>
        EmbeddedWalk.VisitWhole(whole, schema, (item, place) => ValidateObject(item, place, errors));

    private static void ValidateObject(JsonObject item, FieldPath? path, FieldErrors errors)
    {
        foreach (var name in Required.Where(n => !item.ContainsKey(n)))
        {
            errors.Required(FieldPath.Below(path, name), Empty);
        }

        foreach (var (name, value) in item)
        {
            var place = FieldPath.Below(path, name);
            switch (name)
            {
                case "apiVersion" or "kind" when value?.GetValueKind() != JsonValueKind.String:
                    errors.Invalid(place, new RawJson(value?.ToJsonString() ?? "null"), "must be a string");
                    break;
                case "apiVersion":
                    ValidateVersion(value!.GetValue<string>(), place, errors);
                    break;
                case "kind":
                    ValidateKind(value!.GetValue<string>(), place, errors);
                    break;
                case "metadata":
                    ValidateMetadata(value, place, errors);
                    break;
            }
        }
    }

    private static void ValidateVersion(string version, FieldPath path, FieldErrors errors)
    {
        if (version.Length == 0)
        {
            errors.Invalid(path, version, Empty);
        }
        else if (version.Count(static c => c == '/') > 1)
        {
            errors.Invalid(path, version, $"unexpected GroupVersion string: {version}");
        }
    }

    private static void ValidateKind(string kind, FieldPath path, FieldErrors errors)
    {
        var complaints = string.Join(",", NameRules.Dns1035Label(kind.ToLowerInvariant()));
        if (kind.Length == 0)
        {
            errors.Invalid(path, kind, Empty);
        }
        else if (complaints.Length > 0)
        {
            errors.Invalid(path, kind, $"may have mixed case, but should otherwise match: {complaints}");
        }
    }

    /// <summary>By the rules of all objects; but a name may be missing.</summary>
    private static void ValidateMetadata(JsonNode? value, FieldPath path, FieldErrors errors)
    {
        if (value is not JsonObject map)
        {
            return;
        }

        var decoding = new JsonDecoding();
        var metadata = (V1ObjectMeta)ResourceCodec.Read(
            typeof(V1ObjectMeta), JsonTree.ToBytes(map).Span, decoding);
        if (decoding.Error is { } error)
        {
            errors.Invalid(path, new RawJson(map.ToJsonString()), error);
            return;
        }

        metadata.Name = string.IsNullOrEmpty(metadata.Name) ? "fakename" : metadata.Name;
        var found = new FieldErrors();
        ObjectMetaRules.ValidateCreate(
            metadata, !string.IsNullOrEmpty(metadata.NamespaceProperty), NameRules.PathSegment, found,
            takesAnyFinalizer: true);
        foreach (var finding in found.All)
        {
            var place = $"{path}{finding.Field["metadata".Length..]}";
            errors.Add(finding.Reason, FieldPath.Of(place), finding.Message);
        }
    }
}
