using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// Kubernetes' strategic merge patch: lists of objects merge by key where their type says so, and directives
/// (<c>$patch</c>,
/// <c>$retainKeys</c>, <c>$deleteFromPrimitiveList</c>, <c>$setElementOrder</c>) say the rest. The order of merged
/// lists follows upstream: the patch's elements in the patch's order, the server's own kept in place around them.
/// </summary>
public static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";
    private const string OrderPrefix = "$setElementOrder/";

    /// <summary>Applies a patch to a document; both may be changed.</summary>
    public static Outcome<JsonObject> Apply(JsonObject document, JsonObject patch, PatchSchema? schema)
    {
        try
        {
            return MergeMap(document, patch, schema);
        }
        catch (PatchException refused)
        {
            return refused.Status;
        }
    }

    private static JsonObject MergeMap(JsonObject original, JsonObject patch, PatchSchema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            return ReplaceOrDelete(directive, patch);
        }

        KeepOnlyRetained(original, patch);
        ApplyElementOrders(original, patch, schema);
        foreach (var (name, change) in patch.ToArray())
        {
            MergeField(original, name, change, schema);
        }

        return original;
    }

    private static JsonObject ReplaceOrDelete(JsonNode? directive, JsonObject patch)
    {
        switch (JsonTree.Text(directive))
        {
            case "replace":
                patch.Remove(Directive);
                return (JsonObject)patch.DeepClone();
            case "delete":
                return [];
            default:
                throw PatchException.Malformed(
                    $"unknown patch type: {JsonTree.Text(directive) ?? JsonTree.Describe(directive)} in map: {patch.ToJsonString()}");
        }
    }

    private static void KeepOnlyRetained(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(RetainKeys, out var directive))
        {
            return;
        }

        patch.Remove(RetainKeys);
        if (directive is not JsonArray list)
        {
            throw PatchException.Malformed("invalid patch format of retainKeys");
        }

        var retained = list.Select(JsonTree.Text).ToHashSet(StringComparer.Ordinal);
        foreach (var (name, change) in patch)
        {
            if (change is not null && !IsListDirective(name) && !retained.Contains(name))
            {
                throw PatchException.Malformed("invalid patch format of retainKeys");
            }
        }

        foreach (var (name, _) in original.ToArray())
        {
            if (!retained.Contains(name))
            {
                original.Remove(name);
            }
        }
    }

    private static void MergeField(JsonObject original, string name, JsonNode? change, PatchSchema? schema)
    {
        var deletes = name.StartsWith(DeletePrefix, StringComparison.Ordinal);
        name = deletes ? name[DeletePrefix.Length..] : name;
        if (change is null)
        {
            original.Remove(name);
            return;
        }

        if (!original.TryGetPropertyValue(name, out var current) || current is null ||
            current.GetValueKind() != change.GetValueKind())
        {
            if (!deletes)
            {
                original[name] = Clean(change);
            }

            return;
        }

        var field = schema?.Find(name);
        switch (change)
        {
            case JsonObject map:
                var merged = MergeMap((JsonObject)current, map, field?.Inner);
                Put(original, name, merged);
                break;
            case JsonArray list:
                Put(original, name, MergeOrReplace((JsonArray)current, list, field, deletes));
                break;
            default:
                original[name] = change.DeepClone();
                break;
        }
    }

    private static JsonArray MergeOrReplace(JsonArray original, JsonArray patch, PatchField? field, bool deletes)
    {
        if (field is { Merges: true } || deletes)
        {
            return StrategicLists.Merge(original, patch, field, deletes, MergeMap);
        }

        return (JsonArray)Clean(patch)!;
    }

    /// <summary>Lists whose order the patch states are merged here and taken out of the patch.</summary>
    private static void ApplyElementOrders(JsonObject original, JsonObject patch, PatchSchema? schema)
    {
        foreach (var (name, order) in patch.ToArray())
        {
            if (!name.StartsWith(OrderPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            patch.Remove(name);
            if (order is not JsonArray wanted)
            {
                throw PatchException.Malformed("invalid patch format of setElementOrder list");
            }

            var fieldName = name[OrderPrefix.Length..];
            ApplyElementOrder(original, patch, fieldName, wanted, schema?.Find(fieldName));
        }
    }

    private static void ApplyElementOrder(
        JsonObject original, JsonObject patch, string name, JsonArray wanted, PatchField? field)
    {
        var current = original[name] as JsonArray;
        var change = patch[name] as JsonArray;
        if (current is null && change is null)
        {
            return;
        }

        StrategicLists.CheckOrder(change, wanted, field?.MergeKey);
        var before = (JsonArray?)current?.DeepClone() ?? [];
        var merged = (current, change) switch
        {
            ({ } list, null) => list,
            (null, { } list) => (JsonArray)Clean(list)!,
            var (list, added) => MergeOrReplace(list!, added!, field, deletes: false),
        };
        Put(original, name, StrategicLists.Order(merged, wanted, before, field?.MergeKey));
        patch.Remove(name);
    }

    private static void Put(JsonObject target, string name, JsonNode value)
    {
        if (!ReferenceEquals(target[name], value))
        {
            target[name] = value.Parent is null ? value : value.DeepClone();
        }
    }

    private static bool IsListDirective(string name) =>
        name.StartsWith(DeletePrefix, StringComparison.Ordinal) || name.StartsWith(
            OrderPrefix, StringComparison.Ordinal);

    /// <summary>
    /// A copy without nulls in objects and without directives: what a patch's value becomes where nothing was.
    /// </summary>
    internal static JsonNode? Clean(JsonNode? node) => node switch
    {
        JsonObject map => CleanMap(map),
        JsonArray list => new JsonArray([.. list.Where(i => !IsSpecial(i)).Select(Clean)]),
        _ => node?.DeepClone(),
    };

    private static JsonObject CleanMap(JsonObject map)
    {
        var result = new JsonObject();
        foreach (var (name, value) in map)
        {
            if (value is not null && name is not (Directive or RetainKeys) && !IsListDirective(name))
            {
                result[name] = Clean(value);
            }
        }

        return result;
    }

    private static bool IsSpecial(JsonNode? item) => item is JsonObject map && map.ContainsKey(Directive);

    /// <summary>The 400 of a list element without its merge key.</summary>
    internal static PatchException NoMergeKey(JsonObject item, string key) =>
        PatchException.Malformed($"map: {GoMap(item)} does not contain declared merge key: {key}");

    /// <summary>Go's <c>%v</c> of a map.</summary>
    internal static string GoMap(JsonNode? node) => node switch
    {
        JsonObject map => $"map[{string.Join(' ', map.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}:{GoMap(p.Value)}"))}]",
        JsonArray list => $"[{string.Join(' ', list.Select(GoMap))}]",
        null => "<nil>",
        _ => JsonTree.Text(node) ?? GoText.Value(node),
    };
}
