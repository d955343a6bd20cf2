using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// The list half of the strategic merge patch: merging by key or value, and upstream's order of the result. Keys may
/// repeat (a Service has port 53 twice, for UDP and TCP): then the first element with the key is meant, and elements
/// with one key end up side by side.
/// </summary>
internal static class StrategicLists
{
    /// <summary>
    /// Merges two lists whose type says so. Gives the server's order, too, as upstream sees it afterwards: it has
    /// changed its list in place, so elements that came stand where others that went have left room.
    /// </summary>
    public static (JsonArray Merged, IReadOnlyList<JsonNode?> ServerOrder) Merge(
        JsonArray original, JsonArray patch, SchemaField field, bool deletes, StrategicMergePatch merger)
    {
        if (!HoldMaps(original, patch))
        {
            return (MergeScalars(original, patch, deletes), [.. original]);
        }

        var key = field.MergeKey ?? throw PatchException.Unforeseen("cannot merge lists without merge key for struct");
        var (kept, changes) = ApplyDirectives(original, patch, key);
        var merged = MergeMaps(kept, changes, key, field.Node.Target, merger);
        return (Order(merged, changes, kept, key), [.. merged.Take(original.Count)]);
    }

    /// <summary>
    /// Orders a merged list: elements named by <paramref name="wanted"/> in that order, the server's others where they
    /// stood relative to them.
    /// </summary>
    public static JsonArray Order(
        IEnumerable<JsonNode?> merged, IEnumerable<JsonNode?> wanted, IEnumerable<JsonNode?> before, string? key)
    {
        var wantedAt = new Places(wanted, key);
        var beforeAt = new Places(before, key);
        var items = merged.ToList();
        var named = items.Where(i => wantedAt.Of(i) >= 0).OrderBy(wantedAt.Of).ToList();
        var others = items.Where(i => wantedAt.Of(i) < 0).OrderBy(beforeAt.Of).ToList();
        var result = new JsonArray();
        int left = 0, right = 0;
        while (left < others.Count || right < named.Count)
        {
            var takesLeft = right >= named.Count
                || (left < others.Count && beforeAt.IsBefore(others[left], named[right]));
            result.Add((takesLeft ? others[left++] : named[right++])?.DeepClone());
        }

        return result;
    }

    /// <summary>The elements of the patch must stand in the stated order, and all be in it.</summary>
    public static void CheckOrder(JsonArray? patch, JsonArray wanted, string? key)
    {
        if (patch is null || patch.Count == 0 || wanted.Count == 0)
        {
            return;
        }

        var at = 0;
        foreach (var item in patch.Where(i => !HasDirective(i)))
        {
            var identity = Identity(item, key);
            while (at < wanted.Count && Identity(wanted[at], key) != identity)
            {
                at++;
            }

            if (at++ == wanted.Count)
            {
                throw PatchException.Unforeseen(
                    $"The order in patch list:\n{GoValues.Plain(patch)}\n doesn't match $setElementOrder list:\n{GoValues.Plain(wanted)}\n");
            }
        }
    }

    private static JsonArray MergeScalars(JsonArray original, JsonArray patch, bool deletes)
    {
        var named = new Places(patch, null);
        return deletes
            ? new JsonArray([.. original.Where(i => named.Of(i) < 0).Select(i => i?.DeepClone())])
            : Order(original.Concat(patch).DistinctBy(i => Identity(i, null)), patch, original, null);
    }

    /// <summary>What directives leave of the original, and the patch without them.</summary>
    private static (List<JsonObject> Kept, List<JsonObject> Changes) ApplyDirectives(
        JsonArray original, JsonArray patch, string key)
    {
        var changes = new List<JsonObject>();
        var deleted = new HashSet<string>(StringComparer.Ordinal);
        var replaces = false;
        foreach (var map in patch.Cast<JsonObject>())
        {
            if (!map.TryGetPropertyValue(StrategicMergePatch.Directive, out var directive))
            {
                changes.Add(map);
                continue;
            }

            switch (JsonTree.Text(directive))
            {
                case "delete": deleted.Add(Identity(map, key)); break;
                case "replace": replaces = true; break;
                case "merge": throw PatchException.Unforeseen("merging lists cannot yet be specified in the patch");
                default: throw StrategicMergePatch.UnknownDirective(directive, map);
            }
        }

        return replaces
            ? ([.. changes.Select(c => (JsonObject)c.DeepClone())], [])
            : ([.. original.Cast<JsonObject>().Where(i => deleted.Count == 0 || !deleted.Contains(Identity(i, key)))],
                changes);
    }

    private static List<JsonObject> MergeMaps(
        List<JsonObject> kept, List<JsonObject> changes, string key, ObjectSchema? schema, StrategicMergePatch merger)
    {
        var merged = new List<JsonObject>(kept);
        var places = new Places(kept, key);
        var changed = new HashSet<int>();
        foreach (var change in changes)
        {
            var at = places.Of(change);
            if (at >= 0)
            {
                var copy = (JsonObject)change.DeepClone();
                merged[at] = changed.Add(at)
                    ? merger.MergeMap(merged[at], copy, schema)
                    : merger.MergeMapAgain(merged[at], copy, schema);
            }
            else
            {
                places.Add(change, merged.Count);
                changed.Add(merged.Count);
                merged.Add((JsonObject)change.DeepClone());
            }
        }

        return merged;
    }

    private static bool HasDirective(JsonNode? item) =>
        item is JsonObject map && map.ContainsKey(StrategicMergePatch.Directive);

    /// <summary>What makes an element the same as another: its key, or the value itself.</summary>
    private static string Identity(JsonNode? item, string? key)
    {
        var value = item;
        if (key is not null)
        {
            var map = item as JsonObject ?? throw PatchException.WrongType("map[string]interface {}", item);
            value = map.TryGetPropertyValue(key, out var found)
                ? found : throw StrategicMergePatch.NoMergeKey(map, key);
        }

        return JsonTree.Text(value) is { } text ? $"\"{text}" : value?.ToJsonString() ?? "null";
    }

    /// <summary>True when the elements are maps; all must be of one type, and none a list.</summary>
    private static bool HoldMaps(JsonArray original, JsonArray patch)
    {
        var types = original.Concat(patch).Select(GoValues.TypeOf).Distinct(StringComparer.Ordinal).ToList();
        if (types.Count > 1)
        {
            throw PatchException.Unforeseen(
                $"list element types are not identical: [{GoValues.Plain(original)} {GoValues.Plain(patch)}]");
        }

        return (original.FirstOrDefault() ?? patch.FirstOrDefault())?.GetValueKind() switch
        {
            JsonValueKind.Array => throw PatchException.Inapplicable(),
            JsonValueKind.Object => true,
            _ => false,
        };
    }

    /// <summary>Where the first element of each identity stands.</summary>
    private sealed class Places
    {
        private readonly Dictionary<string, int> _first = new(StringComparer.Ordinal);
        private readonly string? _key;

        public Places(IEnumerable<JsonNode?> items, string? key)
        {
            _key = key;
            var at = 0;
            foreach (var item in items)
            {
                Add(item, at++);
            }
        }

        public void Add(JsonNode? item, int at) => _first.TryAdd(Identity(item, _key), at);

        /// <summary>Negative when there is none.</summary>
        public int Of(JsonNode? item) => _first.GetValueOrDefault(Identity(item, _key), -1);

        public bool IsBefore(JsonNode? item, JsonNode? other) => Of(item) is var at and >= 0 && at < Of(other);
    }
}
