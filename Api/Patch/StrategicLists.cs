using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// The list half of the strategic merge patch: merging by key or value, and upstream's order of the result.
/// </summary>
internal static class StrategicLists
{
    public delegate JsonObject MapMerger(JsonObject original, JsonObject patch, PatchSchema? schema);

    /// <summary>Merges two lists whose type says so.</summary>
    public static JsonArray Merge(
        JsonArray original, JsonArray patch, PatchField? field, bool deletes, MapMerger mergeMap)
    {
        var before = (JsonArray)original.DeepClone();
        if (!IsOfMaps(original, patch))
        {
            return MergeScalars(original, patch, before, deletes);
        }

        var key = field?.MergeKey ?? throw PatchException.Malformed("cannot merge lists without merge key for schema");
        var (kept, changes, replaces) = ApplySpecialElements(original, patch, key);
        if (replaces)
        {
            return ToArray(changes.Select(StrategicMergePatch.Clean));
        }

        var merged = MergeMaps(kept, changes, key, field.Inner, mergeMap);
        return Order(ToArray(merged), ToArray(changes.Select(c => c.DeepClone())), before, key);
    }

    /// <summary>
    /// Orders a merged list: elements named by <paramref name="wanted"/> in that order, the server's others where they
    /// stood relative to them.
    /// </summary>
    public static JsonArray Order(JsonArray merged, JsonArray wanted, JsonArray before, string? key)
    {
        var items = merged.Select(i => i?.DeepClone()).ToList();
        var named = items.Where(i => IndexOf(wanted, i, key) >= 0).OrderBy(i => IndexOf(wanted, i, key)).ToList();
        var others = items.Where(i => IndexOf(wanted, i, key) < 0)
            .OrderBy(i => IndexOf(before, i, key) is var at && at < 0 ? int.MaxValue : at).ToList();
        var result = new List<JsonNode?>(items.Count);
        int left = 0, right = 0;
        while (left < others.Count || right < named.Count)
        {
            var takesLeft =
                right >= named.Count || (left < others.Count && IsBefore(others[left], named[right], before, key));
            result.Add(takesLeft ? others[left++] : named[right++]);
        }

        return ToArray(result);
    }

    /// <summary>The elements of the patch must stand in the stated order, and all be in it.</summary>
    public static void CheckOrder(JsonArray? patch, JsonArray wanted, string? key)
    {
        var at = -1;
        foreach (var item in patch ?? [])
        {
            if (item is JsonObject map && map["$patch"] is not null)
            {
                continue;
            }

            var next = IndexOf(wanted, item, key);
            if (next <= at)
            {
                throw PatchException.Malformed(
                    $"The order in patch list:\n{patch!.ToJsonString()}\n doesn't match $setElementOrder list:\n{wanted.ToJsonString()}\n");
            }

            at = next;
        }
    }

    private static JsonArray MergeScalars(JsonArray original, JsonArray patch, JsonArray before, bool deletes)
    {
        if (deletes)
        {
            return ToArray(original.Where(i => IndexOf(patch, i, null) < 0).Select(i => i?.DeepClone()));
        }

        var merged = new JsonArray();
        foreach (var item in original.Concat(patch))
        {
            if (IndexOf(merged, item, null) < 0)
            {
                merged.Add(item?.DeepClone());
            }
        }

        return Order(merged, patch, before, null);
    }

    private static (List<JsonObject> Kept, List<JsonObject> Changes, bool Replaces) ApplySpecialElements(
        JsonArray original, JsonArray patch, string key)
    {
        var kept =
            original.Select(i => i as JsonObject ?? throw Mixed()).Select(i => (JsonObject)i.DeepClone()).ToList();
        var changes = new List<JsonObject>();
        var replaces = false;
        foreach (var item in patch)
        {
            var map = item as JsonObject ?? throw Mixed();
            if (!map.TryGetPropertyValue("$patch", out var directive))
            {
                changes.Add((JsonObject)map.DeepClone());
                continue;
            }

            switch (JsonTree.Text(directive))
            {
                case "delete":
                    var value = map[key] ?? throw StrategicMergePatch.NoMergeKey(map, key);
                    kept.RemoveAll(k => JsonTree.AreEqual(k[key], value));
                    break;
                case "replace":
                    replaces = true;
                    break;
                case "merge":
                    throw PatchException.Malformed("merging lists cannot yet be specified in the patch");
                default:
                    throw PatchException.Malformed(
                        $"unknown patch type: {JsonTree.Text(directive) ?? JsonTree.Describe(directive)} in map: {map.ToJsonString()}");
            }
        }

        return (kept, changes, replaces);
    }

    private static List<JsonNode?> MergeMaps(
        List<JsonObject> kept, List<JsonObject> changes, string key, PatchSchema? schema, MapMerger mergeMap)
    {
        var merged = new List<JsonNode?>(kept);
        foreach (var change in changes)
        {
            var value = change[key] ?? throw StrategicMergePatch.NoMergeKey(change, key);
            var at = merged.FindIndex(m => JsonTree.AreEqual(m![key], value));
            if (at >= 0)
            {
                merged[at] = mergeMap((JsonObject)merged[at]!.DeepClone(), (JsonObject)change.DeepClone(), schema);
            }
            else
            {
                merged.Add(StrategicMergePatch.Clean(change));
            }
        }

        return merged;
    }

    private static bool IsBefore(JsonNode? item, JsonNode? other, JsonArray before, string? key)
    {
        var left = IndexOf(before, item, key);
        var right = IndexOf(before, other, key);
        return left >= 0 && right >= 0 && left < right;
    }

    private static int IndexOf(JsonArray list, JsonNode? item, string? key)
    {
        var wanted = Identity(item, key);
        for (var i = 0; i < list.Count; i++)
        {
            if (JsonTree.AreEqual(Identity(list[i], key), wanted))
            {
                return i;
            }
        }

        return -1;
    }

    private static JsonNode? Identity(JsonNode? item, string? key) =>
        key is not null && item is JsonObject map ? map[key] : item;

    private static bool IsOfMaps(JsonArray original, JsonArray patch)
    {
        var sample = original.Count > 0 ? original[0] : patch.Count > 0 ? patch[0] : null;
        return sample is JsonObject;
    }

    private static PatchException Mixed() => PatchException.Malformed("list element types are not identical");

    private static JsonArray ToArray(IEnumerable<JsonNode?> items)
    {
        var result = new JsonArray();
        foreach (var item in items)
        {
            result.Add(item is { Parent: not null } ? item.DeepClone() : item);
        }

        return result;
    }
}
