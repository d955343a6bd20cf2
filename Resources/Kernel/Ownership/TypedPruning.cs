using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// An object without some of its fields and elements. What loses all of its parts becomes null, as does what is owned
/// as a whole and loses any.
/// </summary>
internal sealed class TypedPruning
{
    private readonly JsonBuffer _output = new();

    private TypedPruning()
    {
    }

    public static ReadOnlyMemory<byte> Without(JsonElement value, FieldSet removed, OwnedType type)
    {
        var pruning = new TypedPruning();
        pruning.Prune(value, removed, type);
        return pruning._output.Written;
    }

    private void Prune(JsonElement value, FieldSet removed, OwnedType type)
    {
        switch (type.KindOf(value))
        {
            case OwnedKind.Scalar:
                _output.Write(value);
                break;
            case OwnedKind.Map when !type.Map!.IsAtomic && !value.IsEmptyMap():
                PruneMap(value, removed, type.Map);
                break;
            case OwnedKind.List when !type.List!.IsAtomic && !value.IsEmptyList():
                PruneList(value, removed, type.List);
                break;
            default:
                _output.Write("null"u8);
                break;
        }
    }

    private void PruneMap(JsonElement value, FieldSet removed, OwnedMap type)
    {
        var begin = Begin("{"u8);
        foreach (var property in value.EnumerateObject())
        {
            var field = type.Find(property);
            if ((field?.Type ?? type.Elements) is not { } child)
            {
                continue;
            }

            var entry = removed.Find(field?.Element ?? PathElement.Field(property.Name));
            if (!entry.IsMember)
            {
                _output.Separate(begin + 1);
                _output.WriteName(property);
                PruneChild(property.Value, entry, child);
            }
        }

        End(begin, "}"u8);
    }

    private void PruneList(JsonElement value, FieldSet removed, OwnedList type)
    {
        var begin = Begin("["u8);
        var items = new ListItems(value, type);
        for (var i = 0; i < items.Count; i++)
        {
            var entry = removed.Find(items.ElementAt(i));
            if (!entry.IsMember)
            {
                _output.Separate(begin + 1);
                PruneChild(items.ItemAt(i), entry, type.Items);
            }
        }

        End(begin, "]"u8);
    }

    private void PruneChild(JsonElement value, FieldSet.Entry entry, OwnedType type)
    {
        if (entry.Children is { } children)
        {
            Prune(value, children, type);
        }
        else
        {
            _output.Write(value);
        }
    }

    private int Begin(ReadOnlySpan<byte> bracket)
    {
        var begin = _output.Position;
        _output.Write(bracket);
        return begin;
    }

    private void End(int begin, ReadOnlySpan<byte> bracket)
    {
        if (_output.Position > begin + 1)
        {
            _output.Write(bracket);
        }
        else
        {
            _output.TakeBack(begin);
            _output.Write("null"u8);
        }
    }
}
