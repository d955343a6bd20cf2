using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>How the elements of a grown list look.</summary>
public enum GrownElements
{
    /// <summary>Scalars alone, all elements equal.</summary>
    Equal,

    /// <summary>Scalars alone, no two elements equal.</summary>
    Distinct,
}

/// <summary>
/// Objects of a kind in which one list or map (or all those of one struct) has as many elements as fit into a number of
/// bytes, made by walking the kind's model: what a client can send to make much work of little.
/// </summary>
public static class GrownObjects
{
    private const int MaxDepth = 14;

    private static readonly string[] MicroTimes = ["eventTime", "acquireTime", "renewTime", "lastObservedTime"];

    /// <summary>
    /// Paths of all lists and maps of a model: <c>spec.containers[].ports</c>; <c>*</c> stands for all of a struct.
    /// </summary>
    public static IEnumerable<string> Paths(Type model) => Walk(model, "", 0, []).Distinct();

    /// <summary>An object whose list or lists at a path take about so many bytes.</summary>
    public static JsonObject Make(ResourceDefinition definition, string path, GrownElements elements, int bytes)
    {
        var result = Whole(definition, 0, 1);
        Grow(result, definition.Model(), path, elements, bytes);
        return result;
    }

    /// <summary>
    /// An object that has all fields of its kind down to a depth; what is yes or no is yes in those with even numbers.
    /// </summary>
    public static JsonObject Whole(ResourceDefinition definition, int number, int depth)
    {
        var result = (JsonObject)Fill(definition.Model(), number, depth, definition.Model().Name)!;
        result["kind"] = definition.Kind;
        result["apiVersion"] = definition.ApiVersion;
        var metadata = new JsonObject { ["name"] = "grown" };
        if (definition.Namespaced)
        {
            metadata["namespace"] = "one";
        }

        result["metadata"] = metadata;
        return result;
    }

    private static IEnumerable<string> Walk(Type type, string prefix, int depth, HashSet<Type> above)
    {
        if (depth > MaxDepth || !above.Add(type))
        {
            yield break;
        }

        var fields = Fields(type).Where(f => f.Name != "managedFields").ToList();
        if (fields.Count(f => Element(f.Type) is not null) > 1)
        {
            yield return $"{prefix}*";
        }

        foreach (var (name, field) in fields)
        {
            var element = Element(field);
            if (element is not null)
            {
                yield return $"{prefix}{name}";
            }

            var inner = element ?? field;
            var mark = element is null ? "" : IsMap(field) ? "{}" : "[]";
            foreach (var below in IsModel(inner) ? Walk(inner, $"{prefix}{name}{mark}.", depth + 1, above) : [])
            {
                yield return below;
            }
        }

        above.Remove(type);
    }

    private static void Grow(JsonObject target, Type type, string path, GrownElements elements, int bytes)
    {
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            var all = Fields(type).Where(f => Element(f.Type) is not null && (path == "*" || f.Name == path)).ToList();
            foreach (var (name, field) in all)
            {
                target[name] = Repeat(field, elements, bytes / all.Count);
            }

            return;
        }

        var step = path[..dot].TrimEnd('[', ']', '{', '}');
        var stepType = Fields(type).Single(f => f.Name == step).Type;
        var inner = Element(stepType) ?? stepType;
        var next = (JsonObject)Fill(inner, 0, 1, step)!;
        target[step] = Element(stepType) is null ? next : IsMap(stepType) ? new JsonObject { ["a"] = next } : new JsonArray(next);
        Grow(next, inner, path[(dot + 1)..], elements, bytes);
    }

    private static JsonNode Repeat(Type list, GrownElements elements, int bytes)
    {
        var element = Element(list)!;
        var isDistinct = elements == GrownElements.Distinct;
        var sample = Fill(element, 0, 1, "a");
        var count = Math.Max(2, bytes / ((sample?.ToJsonString().Length ?? 4) + (IsMap(list) ? 12 : 3)));
        if (IsMap(list))
        {
            return new JsonObject(Enumerable.Range(0, count).Select(
                i => KeyValuePair.Create($"k{i}", Fill(element, isDistinct ? i : 0, 1, "a"))));
        }

        return new JsonArray([.. Enumerable.Range(0, count).Select(i => Fill(element, isDistinct ? i : 0, 1, "a"))]);
    }

    /// <summary>A value of a type with all its fields down to a depth.</summary>
    private static JsonNode? Fill(Type type, int number, int depth, string name)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var text = number == 0 ? "a" : $"a{number.ToString(CultureInfo.InvariantCulture)}";
        if (Element(type) is { } element)
        {
            return depth <= 0 ? null
                : IsMap(type) ? new JsonObject { [text] = Fill(element, number, depth - 1, name) }
                : new JsonArray(Fill(element, number, depth - 1, name));
        }

        return type switch
        {
            _ when type == typeof(string) => name is "protocol" ? "TCP" : name is "operator" ? "Exists" : text,
            _ when type == typeof(bool) => number % 2 == 0,
            _ when type == typeof(int) || type == typeof(long) => (number % 60000) + 1,
            _ when type == typeof(double) => 1.5,
            _ when type == typeof(DateTime) => MicroTimes.Contains(name) ? "2030-01-01T00:00:00.000000Z" : "2030-01-01T00:00:00Z",
            _ when type == typeof(ResourceQuantity) => "1",
            _ when type == typeof(IntOrString) => 80,
            _ when type == typeof(byte[]) => "YQ==",
            _ when IsModel(type) => FillModel(type, number, depth),
            _ => new JsonObject(),
        };
    }

    private static JsonObject FillModel(Type type, int number, int depth)
    {
        var result = new JsonObject();
        foreach (var (name, field) in Fields(type))
        {
            var isScalar = Element(field) is null && !IsModel(field);
            if ((isScalar || depth > 1) && Fill(field, number, depth - 1, name) is { } value)
            {
                result[name] = value;
            }
        }

        return result;
    }

    private static IEnumerable<(string Name, Type Type)> Fields(Type type) => type
        .GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Select(p => (p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? "", p.PropertyType))
        .Where(f => f.Item1.Length > 0);

    private static bool IsModel(Type type) =>
        type.IsClass && type.Namespace == typeof(V1Pod).Namespace && type != typeof(ResourceQuantity) && type != typeof(IntOrString);

    private static bool IsMap(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>);

    private static Type? Element(Type type) => !type.IsGenericType ? null
        : IsMap(type) ? type.GetGenericArguments()[1]
        : type.GetGenericTypeDefinition() == typeof(IList<>) ? type.GetGenericArguments()[0]
        : null;
}
