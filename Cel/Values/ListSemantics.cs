using OrleansOrchestrator.Cel.Types;

namespace OrleansOrchestrator.Cel.Values;

/// <summary>How lists that a schema calls sets or maps are compared and joined.</summary>
internal sealed class ListSemantics
{
    private readonly CelSchema _schema;

    private ListSemantics(CelSchema schema) => _schema = schema;

    /// <summary>What the first list's schema says, else the second's; null when they are plain lists.</summary>
    public static ListSemantics? OfElements(CelList first, CelList second)
    {
        var schema = first.Schema is { ListKind: not CelListKind.Atomic } own ? own : second.Schema;
        return schema is { ListKind: not CelListKind.Atomic } ? new ListSemantics(schema) : null;
    }

    /// <summary>Both have as many elements.</summary>
    public bool AreEqual(CelList left, CelList right)
    {
        if (_schema.ListKind == CelListKind.Set)
        {
            var elements = right.ToHashSet();
            return left.All(elements.Contains);
        }

        var byKey = ByKey(right);
        return left.All(element => byKey.TryGetValue(KeyOf(element), out var at) && right[at].Equals(element));
    }

    public CelList Join(CelList first, CelList second)
    {
        var joined = first.ToList();
        if (_schema.ListKind == CelListKind.Set)
        {
            var present = first.ToHashSet();
            joined.AddRange(second.Where(present.Add));
            return new SchemaList(_schema, [.. joined]);
        }

        var places = ByKey(first);
        foreach (var element in second)
        {
            if (places.TryGetValue(KeyOf(element), out var place))
            {
                joined[place] = element;
            }
            else
            {
                places[KeyOf(element)] = joined.Count;
                joined.Add(element);
            }
        }

        return new SchemaList(_schema, [.. joined]);
    }

    private Dictionary<CelValue, int> ByKey(CelList list)
    {
        var places = new Dictionary<CelValue, int>(list.Count);
        for (var i = 0; i < list.Count; i++)
        {
            places[KeyOf(list[i])] = i;
        }

        return places;
    }

    private CelValue KeyOf(CelValue element) => element.Kind != CelKind.Map
        ? element
        : CelValue.Of(CelList.Of([.. _schema.ListKeys.Select(
            k => element.AsMap.TryGetField(CelNames.Escape(k) ?? k, out var value) ? value : CelValue.Null)]));

    private sealed class SchemaList(CelSchema schema, CelValue[] elements) : CelList
    {
        public override int Count => elements.Length;

        internal override CelSchema Schema => schema;

        public override CelValue this[int index] => elements[index];
    }
}
