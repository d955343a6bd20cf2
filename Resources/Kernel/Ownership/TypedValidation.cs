using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>Whether a configuration that is applied fits the schema, in upstream's words.</summary>
internal sealed class TypedValidation
{
    private readonly List<string> _errors = [];
    private readonly List<PathElement> _path = [];

    private TypedValidation()
    {
    }

    /// <summary>Why a value does not fit; null when it does.</summary>
    public static string? Find(JsonElement value, OwnedType type)
    {
        var walk = new TypedValidation();
        walk.Visit(value, type);
        return walk._errors switch
        {
            [] => null,
            [var only] => only,
            var all => string.Join("\n  ", all.Prepend("errors:")),
        };
    }

    private void Visit(JsonElement value, OwnedType type)
    {
        switch (type.KindOf(value))
        {
            case OwnedKind.Map:
                VisitMap(value, type.Map!);
                break;
            case OwnedKind.List:
                VisitList(value, type.List!);
                break;
            default:
                VisitScalar(value, type.Scalar);
                break;
        }
    }

    private void VisitMap(JsonElement value, OwnedMap type)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            Expect("map", value);
            return;
        }

        foreach (var property in value.EnumerateObject())
        {
            var field = type.Find(property);
            _path.Add(field?.Element ?? PathElement.Field(property.Name));
            if ((field?.Type ?? type.Elements) is { } child)
            {
                Visit(property.Value, child);
                _path.RemoveAt(_path.Count - 1);
                continue;
            }

            Report("field not declared in schema");
            _path.RemoveAt(_path.Count - 1);
            return;
        }
    }

    private void VisitList(JsonElement value, OwnedList type)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Expect("list", value);
            return;
        }

        var seen = new HashSet<PathElement>();
        var place = 0;
        foreach (var item in value.EnumerateArray())
        {
            var error = "";
            var element = type.IsAtomic ? PathElement.Index(place) : type.ElementOf(item, out error);
            if (element is null)
            {
                Report($"element {place}: {error}");
                return;
            }

            if (!type.IsAtomic && !seen.Add(element))
            {
                Report($"duplicate entries for key {element}");
            }

            _path.Add(element);
            Visit(item, type.Items);
            _path.RemoveAt(_path.Count - 1);
            place++;
        }
    }

    private void VisitScalar(JsonElement value, OwnedScalar scalar)
    {
        var fits = value.ValueKind switch
        {
            JsonValueKind.Null => true,
            JsonValueKind.Number => scalar is OwnedScalar.Numeric or OwnedScalar.Any,
            JsonValueKind.True or JsonValueKind.False => scalar is OwnedScalar.Boolean or OwnedScalar.Any,
            JsonValueKind.String => scalar is OwnedScalar.String or OwnedScalar.Any,
            _ => false,
        };
        if (fits)
        {
            return;
        }

        switch (scalar)
        {
            case OwnedScalar.Numeric:
                Report($"expected numeric (int or float), got {GoValues.TypeOf(Node(value))}");
                break;
            case OwnedScalar.String:
                Report($"expected string, got &value.valueUnstructured{{Value:{GoValues.Syntax(Node(value))}}}");
                break;
            default:
                Expect(scalar == OwnedScalar.Boolean ? "boolean" : "any scalar", value);
                break;
        }
    }

    private void Expect(string what, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Null)
        {
            Report($"expected {what}, got &{{{GoValues.Plain(Node(value))}}}");
        }
    }

    private static JsonNode? Node(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value),
        JsonValueKind.Array => JsonArray.Create(value),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value),
    };

    private void Report(string message)
    {
        var path = string.Concat(_path);
        _errors.Add(path.Length == 0 ? message : $"{path}: {message}");
    }
}
