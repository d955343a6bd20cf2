using System.Globalization;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Puts OpenAPI v2 documents of several servers together, as upstream's aggregator does: what both have is taken once,
/// what two call by one name gets another, and what refers to it follows. Pure.
/// </summary>
internal static class SwaggerMerger
{
    private const string Paths = "paths";
    private const string Definitions = "definitions";
    private const string Parameters = "parameters";
    private const string Reference = "$ref";
    private const string Kinds = "x-kubernetes-group-version-kind";

    /// <summary>What things can be referred to, by where they stand.</summary>
    private static readonly string[] Named = [Definitions, Parameters];

    /// <summary>What of a document is merged.</summary>
    public static IReadOnlyList<string> Parts { get; } = [Paths, Definitions, Parameters];

    /// <summary>The paths of a document below one, and what they need of it.</summary>
    public static JsonObject Below(JsonObject document, string prefix) =>
        Only(document, path => path.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>Adds what another document has more. Paths that are there already stay as they are.</summary>
    public static void Add(JsonObject into, JsonObject other)
    {
        var paths = Part(into, Paths);
        var more = Only(other, path => !paths.ContainsKey(path));
        var names = Named.ToDictionary(
            static part => part, part => Rename(Part(into, part), Part(more, part)), StringComparer.Ordinal);
        Rewrite(more, names);
        foreach (var part in Named)
        {
            foreach (var (name, value) in Part(more, part).ToList())
            {
                Take(Part(into, part), names[part].GetValueOrDefault(name, name), value);
            }
        }

        foreach (var (path, item) in Part(more, Paths).ToList())
        {
            paths[path] = item?.DeepClone();
        }
    }

    private static JsonObject Only(JsonObject document, Func<string, bool> isWanted)
    {
        var result = new JsonObject();
        var paths = Part(result, Paths);
        foreach (var (path, item) in Part(document, Paths).Where(p => isWanted(p.Key)))
        {
            paths[path] = item?.DeepClone();
        }

        var pending = new Stack<(string Part, string Name)>(References(paths));
        while (pending.TryPop(out var reference))
        {
            var found = Part(result, reference.Part);
            if (!found.ContainsKey(reference.Name)
                && Part(document, reference.Part)[reference.Name]?.DeepClone() is { } value)
            {
                found[reference.Name] = value;
                foreach (var further in References(value))
                {
                    pending.Push(further);
                }
            }
        }

        return result;
    }

    /// <summary>New names for what means something else here than there.</summary>
    private static Dictionary<string, string> Rename(JsonObject into, JsonObject more)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, value) in more.Where(m => into.TryGetPropertyValue(m.Key, out var there)
            && !IsSame(there, m.Value)))
        {
            for (var number = 2; ; number++)
            {
                var candidate = string.Create(CultureInfo.InvariantCulture, $"{name}_v{number}");
                var isThere = into.TryGetPropertyValue(candidate, out var there);
                if (isThere ? IsSame(there, value) : !more.ContainsKey(candidate) && taken.Add(candidate))
                {
                    result[name] = candidate;
                    break;
                }
            }
        }

        return result;
    }

    /// <summary>What two servers have in common may be of more kinds with one than with the other.</summary>
    private static void Take(JsonObject into, string name, JsonNode? value)
    {
        if (into[name] is not { } there)
        {
            into[name] = value?.DeepClone();
        }
        else if (value?[Kinds] is JsonArray more)
        {
            var kinds = there[Kinds] as JsonArray;
            if (kinds is null)
            {
                there[Kinds] = kinds = [];
            }

            foreach (var kind in more.Where(k => !kinds.Any(known => JsonTree.AreEqual(known, k))).ToList())
            {
                kinds.Add(kind?.DeepClone());
            }
        }
    }

    /// <summary>The same but for the kinds.</summary>
    private static bool IsSame(JsonNode? one, JsonNode? other) => one is JsonObject left && other is JsonObject right
        ? left.Count(IsCompared) == right.Count(IsCompared)
            && left.Where(IsCompared).All(p => right.TryGetPropertyValue(p.Key, out var value)
                && JsonTree.AreEqual(p.Value, value))
        : JsonTree.AreEqual(one, other);

    private static bool IsCompared(KeyValuePair<string, JsonNode?> property) => property.Key != Kinds;

    private static void Rewrite(JsonNode? node, Dictionary<string, Dictionary<string, string>> names)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Rewrite(item, names);
            }
        }
        else if (node is JsonObject map)
        {
            if (ReferenceIn(map) is var (part, name) && names[part].GetValueOrDefault(name) is { } renamed)
            {
                map[Reference] = $"#/{part}/{renamed}";
            }

            foreach (var (_, value) in map)
            {
                Rewrite(value, names);
            }
        }
    }

    private static IEnumerable<(string Part, string Name)> References(JsonNode? node) => node switch
    {
        JsonObject map => (ReferenceIn(map) is { } reference ? [reference] : Enumerable.Empty<(string, string)>())
            .Concat(map.SelectMany(static p => References(p.Value))),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };

    private static (string Part, string Name)? ReferenceIn(JsonObject map) =>
        JsonTree.Text(map[Reference])?.Split('/', 3) is ["#", var part, var name] && Named.Contains(part)
            ? (part, name)
            : null;

    /// <summary>A part of a document, made when there is none; what is none in another's counts as empty.</summary>
    private static JsonObject Part(JsonObject document, string name)
    {
        if (document[name] is not JsonObject part)
        {
            document[name] = part = [];
        }

        return part;
    }
}
