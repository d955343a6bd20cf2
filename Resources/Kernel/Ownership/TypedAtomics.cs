using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>The lists, maps and objects in a value that have one owner for all of what is in them.</summary>
internal sealed class TypedAtomics
{
    private readonly List<string> _found = [];
    private readonly List<PathElement> _path = [];

    private TypedAtomics()
    {
    }

    /// <summary>Paths to them; only what is declared is looked into.</summary>
    public static IReadOnlyList<string> Find(JsonElement value, OwnedType type)
    {
        var walk = new TypedAtomics();
        walk.Visit(value, type);
        return walk._found;
    }

    private void Visit(JsonElement value, OwnedType type)
    {
        if (value.ValueKind == JsonValueKind.Object && type.Map is { } map)
        {
            VisitMap(value, map);
        }
        else if (value.ValueKind == JsonValueKind.Array && type.List is { } list)
        {
            VisitList(value, list);
        }
    }

    private void VisitMap(JsonElement value, OwnedMap map)
    {
        Note(map.IsAtomic);
        foreach (var property in value.EnumerateObject())
        {
            if (map.Find(property.Name) is { } field)
            {
                Visit(property.Value, field.Type, field.Element);
            }
        }
    }

    private void VisitList(JsonElement value, OwnedList list)
    {
        Note(list.IsAtomic);
        var place = 0;
        foreach (var item in value.EnumerateArray())
        {
            Visit(item, list.Items, PathElement.Index(place++));
        }
    }

    private void Visit(JsonElement value, OwnedType type, PathElement step)
    {
        _path.Add(step);
        Visit(value, type);
        _path.RemoveAt(_path.Count - 1);
    }

    private void Note(bool isAtomic)
    {
        if (isAtomic)
        {
            _found.Add(string.Concat(_path));
        }
    }
}
