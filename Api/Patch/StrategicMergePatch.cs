using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// Kubernetes' strategic merge patch: lists of objects merge by key where their type says so, and directives
/// (<c>$patch</c>,
/// <c>$retainKeys</c>, <c>$deleteFromPrimitiveList</c>, <c>$setElementOrder</c>) say the rest. The order of merged
/// lists follows upstream: the patch's elements in the patch's order, the server's own kept in place around them.
/// </summary>
public sealed class StrategicMergePatch
{
    internal const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";
    private const string OrderPrefix = "$setElementOrder/";

    /// <summary>
    /// Elements of lists that a patch names more than once may add up to this many bytes: each time walks the whole
    /// element, so thousands of small changes to one large element would take the square of the patch's length.
    /// </summary>
    private const long MaxMergedAgainBytes = 3 * 1024 * 1024;

    private long _mergedAgainBytes;

    private StrategicMergePatch()
    {
    }

    /// <summary>Applies a patch to a document; both may be changed.</summary>
    public static Outcome<JsonObject> Apply(JsonObject document, JsonObject patch, ObjectSchema? schema)
    {
        try
        {
            return new StrategicMergePatch().MergeMap(document, patch, schema);
        }
        catch (PatchException refused)
        {
            return refused.Status;
        }
    }

    internal JsonObject MergeMap(JsonObject original, JsonObject patch, ObjectSchema? schema)
    {
        if (patch.TryGetPropertyValue(Directive, out var directive))
        {
            return ReplaceOrDelete(directive, patch);
        }

        KeepOnlyRetained(original, patch);
        CheckListDirectives(patch);
        ApplyElementOrders(original, patch, schema);
        JsonTree.RemoveAll(original, [.. patch.Where(c => c.Value is null).Select(c => WithoutDelete(c.Key))]);
        foreach (var (name, change) in patch.ToArray())
        {
            if (change is not null)
            {
                MergeField(original, name, change, schema);
            }
        }

        return original;
    }

    /// <summary>Merges into an element that this patch has changed before; only so often.</summary>
    internal JsonObject MergeMapAgain(JsonObject original, JsonObject patch, ObjectSchema? schema)
    {
        _mergedAgainBytes += JsonTree.ToBytes(original).Length;
        return _mergedAgainBytes <= MaxMergedAgainBytes
            ? MergeMap(original, patch, schema)
            : throw PatchException.Inapplicable();
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
                throw UnknownDirective(directive, patch);
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

        JsonTree.RemoveAll(original, [.. original.Select(p => p.Key).Where(name => !retained.Contains(name))]);
    }

    /// <summary>A directive for a list must say for which.</summary>
    private static void CheckListDirectives(JsonObject patch)
    {
        foreach (var (name, _) in patch)
        {
            if (IsBare(name, OrderPrefix))
            {
                throw PatchException.Malformed("invalid patch format of setElementOrder list");
            }

            if (IsBare(name, DeletePrefix))
            {
                throw PatchException.Malformed("invalid patch format of primitive list");
            }
        }

        static bool IsBare(string name, string prefix) => name.StartsWith('$')
            && name.AsSpan().StartsWith(prefix.AsSpan()[..^1]) && !name.StartsWith(prefix, StringComparison.Ordinal);
    }

    private static string WithoutDelete(string name) =>
        name.StartsWith(DeletePrefix, StringComparison.Ordinal) ? name[DeletePrefix.Length..] : name;

    private void MergeField(JsonObject original, string name, JsonNode change, ObjectSchema? schema)
    {
        var deletes = name.StartsWith(DeletePrefix, StringComparison.Ordinal);
        name = WithoutDelete(name);
        if (!original.TryGetPropertyValue(name, out var current) || current is null ||
            current.GetValueKind() != change.GetValueKind())
        {
            if (!deletes)
            {
                Set(original, name, Clean(change));
            }

            return;
        }

        var field = schema?.Find(name);
        switch (change)
        {
            case JsonObject map:
                var merged = MergeMap((JsonObject)current, map, field?.Node.Target);
                Put(original, name, merged);
                break;
            case JsonArray list:
                Put(original, name, MergeOrReplace((JsonArray)current, list, field, deletes).Merged);
                break;
            default:
                original[name] = change.DeepClone();
                break;
        }
    }

    private (JsonArray Merged, IReadOnlyList<JsonNode?> ServerOrder) MergeOrReplace(
        JsonArray original, JsonArray patch, SchemaField? field, bool deletes) =>
        field is not null && (field.Merges || deletes)
            ? StrategicLists.Merge(original, patch, field, deletes, this)
            : ((JsonArray)patch.DeepClone(), [.. original]);

    /// <summary>Lists whose order the patch states are merged here and taken out of the patch.</summary>
    private void ApplyElementOrders(JsonObject original, JsonObject patch, ObjectSchema? schema)
    {
        var orders = patch.Where(p => p.Key.StartsWith(OrderPrefix, StringComparison.Ordinal)).ToList();
        var merged = new List<string>(orders.Count);
        foreach (var (name, order) in orders)
        {
            var field = name[OrderPrefix.Length..];
            if (ApplyElementOrder(original, patch, field, AsList(order), schema?.Find(field)))
            {
                merged.Add(field);
            }
        }

        JsonTree.RemoveAll(patch, [.. orders.Select(o => o.Key), .. merged]);
    }

    /// <summary>False when there is no such list, neither here nor there.</summary>
    private bool ApplyElementOrder(
        JsonObject original, JsonObject patch, string name, JsonArray wanted, SchemaField? field)
    {
        var current = original.TryGetPropertyValue(name, out var before) ? AsList(before) : null;
        var change = patch.TryGetPropertyValue(name, out var after) ? AsList(after) : null;
        if (change is null && current is null)
        {
            return false;
        }

        StrategicLists.CheckOrder(change, wanted, field?.MergeKey);
        var (merged, serverOrder) = (current, change) switch
        {
            ({ } list, null) => (list, [.. list]),
            (null, { } list) => ((JsonArray)Clean(list)!, []),
            var (list, added) => MergeOrReplace(list!, added!, field, deletes: false),
        };
        Put(original, name, StrategicLists.Order(merged, wanted, serverOrder, field?.MergeKey));
        return true;
    }

    private static void Set(JsonObject target, string name, JsonNode? value)
    {
        if (value is null)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = value;
        }
    }

    private static JsonArray AsList(JsonNode? node) =>
        node as JsonArray ?? throw PatchException.WrongType("[]interface {}", node);

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
    /// A copy without nulls in objects and without objects that are directives: what a patch's value becomes where
    /// nothing was. Null for such a directive. What a directive says of lists or keys stays, as in upstream: nobody
    /// knows it as a field.
    /// </summary>
    private static JsonNode? Clean(JsonNode? node) => node switch
    {
        JsonObject map => IsSpecial(map) ? null : CleanMap(map),
        JsonArray list => new JsonArray([.. list.Where(i => !IsSpecial(i)).Select(Clean)]),
        _ => node?.DeepClone(),
    };

    private static JsonObject CleanMap(JsonObject map)
    {
        var result = new JsonObject();
        foreach (var (name, value) in map)
        {
            if (value is not null && !IsSpecial(value))
            {
                result[name] = Clean(value);
            }
        }

        return result;
    }

    private static bool IsSpecial(JsonNode? item) => item is JsonObject map && map.ContainsKey(Directive);

    internal static PatchException NoMergeKey(JsonObject item, string key) =>
        PatchException.Unforeseen($"map: {GoValues.Plain(item)} does not contain declared merge key: {key}");

    internal static PatchException UnknownDirective(JsonNode? directive, JsonObject map) =>
        PatchException.Unforeseen($"unknown patch type: {GoValues.AsText(directive)} in map: {GoValues.Plain(map)}");
}
