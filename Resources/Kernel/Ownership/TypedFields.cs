using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>The fields that an object has: what one who applies it comes to own.</summary>
internal sealed class TypedFields
{
    private readonly FieldSetBuilder _set = new();

    private TypedFields()
    {
    }

    public static FieldSet Of(JsonElement value, OwnedType type)
    {
        var walk = new TypedFields();
        walk.Visit(value, type);
        return walk._set.Build();
    }

    /// <summary>
    /// A set together with the declared fields on the way to its members: who has a field of the spec has the spec.
    /// </summary>
    public static FieldSet WithNamedFields(FieldSet set, OwnedType? type) => set.Select(entry =>
        entry.Children is not { } children ? entry : entry with
        {
            IsMember = entry.IsMember || (entry.Element.FieldName is { } name && type?.Map?.Find(name) is not null),
            Children = WithNamedFields(children, TypeAt(type, entry.Element)),
        });

    /// <summary>
    /// A set in line with a schema that has changed since: what has become atomic is owned as a whole.
    /// </summary>
    public static FieldSet Reconcile(FieldSet set, OwnedType type) => set.Select(Reconcile, type);

    private static FieldSet.Entry Reconcile(FieldSet.Entry entry, OwnedType type)
    {
        if (entry.Children is not { } children || type.IsDeduced)
        {
            return entry;
        }

        var child = type.Map is { } map ? map.TypeAt(entry.Element) : type.List?.Items;
        return child is null || child.IsDeduced ? entry
            : child.Map?.IsAtomic ?? child.List?.IsAtomic ?? false ? new FieldSet.Entry(entry.Element, true, null)
            : entry with { Children = Reconcile(children, child) };
    }

    private static OwnedType? TypeAt(OwnedType? type, PathElement element) =>
        element.FieldName is not null ? type?.Map?.TypeAt(element) : element.IsKey ? type?.List?.Items : null;

    private void Visit(JsonElement value, OwnedType type)
    {
        switch (type.KindOf(value))
        {
            case OwnedKind.Map when !type.Map!.IsAtomic:
                VisitMap(value, type.Map);
                break;
            case OwnedKind.List when !type.List!.IsAtomic:
                VisitList(value, type.List);
                break;
            default:
                _set.Add();
                break;
        }
    }

    private void VisitMap(JsonElement value, OwnedMap type)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in value.EnumerateObject())
        {
            var field = type.Find(property);
            if ((field?.Type ?? type.Elements) is not { } child || field is { IsSkipped: true })
            {
                continue;
            }

            _set.Enter(field?.Element ?? PathElement.Field(property.Name));
            Visit(property.Value, child);
            var isBare = property.Value.ValueKind == JsonValueKind.Null
                || (property.Value.ValueKind == JsonValueKind.Object && property.Value.IsEmptyMap());
            if (isBare || field is null)
            {
                _set.Add();
            }

            _set.Leave();
        }
    }

    private void VisitList(JsonElement value, OwnedList type)
    {
        var items = new ListItems(value, type);
        for (var i = 0; i < items.Count; i++)
        {
            var element = items.ElementAt(i);
            if (items.HasDuplicates && items.All(element).Count > 1)
            {
                if (items.IndexOf(element) == i)
                {
                    _set.AddChild(element);
                }

                continue;
            }

            _set.Enter(element);
            Visit(items.ItemAt(i), type.Items);
            _set.Add();
            _set.Leave();
        }
    }
}
