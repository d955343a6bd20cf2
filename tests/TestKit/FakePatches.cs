using System.Text.Json.Nodes;

namespace OrleansOrchestrator.TestKit;

/// <summary>Puts patches on objects of <see cref="FakeApi"/>.</summary>
internal static class FakePatches
{
    /// <summary>Begins the name of a field that takes texts out of the list with the rest of its name.</summary>
    private const string DeleteFrom = "$deleteFromPrimitiveList/";

    private static readonly Dictionary<string, string> MergeKeys = new(StringComparer.Ordinal)
    {
        ["ownerReferences"] = "uid", ["conditions"] = "type",
    };

    /// <summary>Merge patch; with lists of known merge keys merged when <paramref name="strategic"/>.</summary>
    public static void Merge(JsonObject target, JsonObject patch, bool strategic)
    {
        foreach (var (name, value) in patch)
        {
            switch (value)
            {
                case null:
                    target.Remove(name);
                    break;
                case JsonObject inner when target[name] is JsonObject existing:
                    Merge(existing, inner, strategic);
                    break;
                case JsonArray list when strategic && MergeKeys.TryGetValue(name, out var key)
                    && target[name] is JsonArray existing:
                    MergeList(existing, list, key);
                    break;
                case JsonArray list when strategic && name.StartsWith(DeleteFrom, StringComparison.Ordinal):
                    DeleteTexts(target, name[DeleteFrom.Length..], list);
                    break;
                case JsonArray list when strategic && name == "finalizers" && target[name] is JsonArray existing:
                    target[name] = new JsonArray([.. Texts(existing).Union(Texts(list)).Select(t => (JsonNode)t)]);
                    break;
                default:
                    target[name] = value.DeepClone();
                    break;
            }
        }
    }

    private static void MergeList(JsonArray target, JsonArray patch, string key)
    {
        foreach (var item in patch.OfType<JsonObject>())
        {
            var existing = target.OfType<JsonObject>().FirstOrDefault(e => JsonNode.DeepEquals(e[key], item[key]));
            if (existing is null)
            {
                target.Add(item.DeepClone());
            }
            else
            {
                Merge(existing, item, strategic: true);
            }
        }
    }

    private static void DeleteTexts(JsonObject target, string name, JsonArray deleted)
    {
        if (target[name] is not JsonArray existing)
        {
            return;
        }

        var kept = Texts(existing).Except(Texts(deleted)).Select(t => (JsonNode)t).ToArray();
        if (kept.Length == 0)
        {
            target.Remove(name);
        }
        else
        {
            target[name] = new JsonArray(kept);
        }
    }

    private static IEnumerable<string> Texts(JsonArray list) => list.Select(t => t!.GetValue<string>());
}
