using System.Collections;
using System.Globalization;
using System.Reflection;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Base of fields with a getter and a setter of the property's type.</summary>
internal abstract class AccessField<T, TValue>(PropertyInfo property, InternalField entry) : ModelField<T>(entry)
{
    protected Func<T, TValue> Get { get; } = property.GetMethod!.CreateDelegate<Func<T, TValue>>();

    protected Action<T, TValue> Set { get; } = property.SetMethod!.CreateDelegate<Action<T, TValue>>();

    protected TValue? Read(T? item) => item is null ? default : Get(item);
}

/// <summary>Strings.</summary>
internal sealed class TextField<T>(PropertyInfo property, InternalField entry) : AccessField<T,
string?>(property, entry)
{
    public override bool IsNormalized => !Entry.IsPointer;

    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        return string.Equals(a, b, StringComparison.Ordinal)
            || (!Entry.IsPointer && string.IsNullOrEmpty(a) && string.IsNullOrEmpty(b));
    }

    public override void Normalize(T item)
    {
        var value = Get(item);
        if (Entry.IsKept)
        {
            if (value is null)
            {
                Set(item, "");
            }
        }
        else if (value is { Length: 0 })
        {
            Set(item, null);
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        var value = Read(item);
        writer.Name(Entry.Name);
        writer.Text(Entry.IsPointer ? value : value ?? "");
    }
}

/// <summary>Numbers, flags and times.</summary>
internal sealed class ValueField<T, TValue>(
    PropertyInfo property, InternalField entry) : AccessField<T, TValue>(property, entry)
{
    private static readonly EqualityComparer<TValue> Comparer = EqualityComparer<TValue>.Default;
    private static readonly TValue? Zero = MakeZero();

    public override bool IsNormalized => !Entry.IsPointer && !Entry.IsKept && default(TValue) is null;

    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        return Comparer.Equals(a, b) || (!Entry.IsPointer && Comparer.Equals(a ?? Zero, b ?? Zero));
    }

    public override void Normalize(T item)
    {
        if (Get(item) is { } value && Comparer.Equals(value, Zero))
        {
            Set(item, default!);
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        object? value = Read(item);
        writer.Scalar(value ?? (Entry.IsPointer ? null : Zero));
    }

    private static TValue? MakeZero()
    {
        var underlying = Nullable.GetUnderlyingType(typeof(TValue));
        return underlying is null ? default : (TValue)Activator.CreateInstance(underlying)!;
    }
}

/// <summary>A single quantity.</summary>
internal sealed class QuantityField<T>(
    PropertyInfo property, InternalField entry) : AccessField<T, ResourceQuantity?>(property, entry)
{
    public override bool IsNormalized => !Entry.IsPointer;

    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        return a is null || b is null ? !Entry.IsPointer || ReferenceEquals(a, b) : Quantity.Of(a) == Quantity.Of(b);
    }

    public override void Normalize(T item)
    {
        if (Get(item) is null)
        {
            Set(item, Quantity.Zero.ToModel());
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        writer.Text(Read(item)?.ToString() ?? (Entry.IsPointer ? null : "0"));
    }
}

/// <summary>Ports and percentages.</summary>
internal sealed class IntOrStringField<T>(
    PropertyInfo property, InternalField entry) : AccessField<T, IntOrString?>(property, entry)
{
    public override bool IsNormalized => false;

    public override bool AreEqual(T left, T right) =>
        string.Equals(Get(left)?.Value, Get(right)?.Value, StringComparison.Ordinal)
        && PortOrText.IsNumber(Get(left), out _) == PortOrText.IsNumber(Get(right), out _);

    public override void Normalize(T item)
    {
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        var value = Read(item);
        if (value is null && Entry.IsPointer)
        {
            writer.Text(null);
        }
        else if (PortOrText.IsNumber(value, out var number))
        {
            writer.Scalar(number);
        }
        else
        {
            writer.Text(value?.Value);
        }
    }
}

/// <summary>Maps of strings.</summary>
internal sealed class TextMapField<T>(PropertyInfo property, InternalField entry)
    : AccessField<T, IDictionary<string, string>?>(property, entry)
{
    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        var count = a?.Count ?? 0;
        if (ReferenceEquals(a, b) || count != (b?.Count ?? 0) || count == 0)
        {
            return count == (b?.Count ?? 0);
        }

        foreach (var (key, value) in a!)
        {
            if (!b!.TryGetValue(key, out var other) || !string.Equals(value, other, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    public override void Normalize(T item)
    {
        var map = Get(item);
        if (map is null)
        {
            return;
        }

        if (map.Count == 0)
        {
            Set(item, null);
        }
        else if (map.Values.Contains(null!))
        {
            Set(item, map.ToDictionary(p => p.Key, p => p.Value ?? "", StringComparer.Ordinal));
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        writer.Map(Read(item), static (value, w) => w.Text(value));
    }
}

/// <summary>Maps of quantities.</summary>
internal sealed class QuantityMapField<T>(PropertyInfo property, InternalField entry)
    : AccessField<T, IDictionary<string, ResourceQuantity>?>(property, entry)
{
    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        var count = a?.Count ?? 0;
        if (count != (b?.Count ?? 0) || count == 0)
        {
            return count == (b?.Count ?? 0);
        }

        foreach (var (key, value) in a!)
        {
            if (!b!.TryGetValue(key, out var other) || Quantity.Of(value) != Quantity.Of(other))
            {
                return false;
            }
        }

        return true;
    }

    public override void Normalize(T item)
    {
        if (Get(item) is { Count: 0 })
        {
            Set(item, null);
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        writer.Map(Read(item), static (value, w) => w.Text(value.ToString()));
    }
}

/// <summary>Lists of models, strings or numbers.</summary>
internal sealed class ListField<T, TItem>(
    PropertyInfo property, InternalField entry) : AccessField<T, IList<TItem>?>(property, entry)
{
    private static readonly bool IsModel =
        typeof(TItem).IsClass && typeof(TItem) != typeof(string) && typeof(TItem).Namespace == typeof(V1Pod).Namespace;

    private static readonly ItemOperations Operations = IsModel
        ? (ItemOperations)Activator.CreateInstance(
            typeof(ModelItems<>).MakeGenericType(typeof(T), typeof(TItem), typeof(TItem)))!
        : new PlainItems();

    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        var count = a?.Count ?? 0;
        if (ReferenceEquals(a, b) || count != (b?.Count ?? 0))
        {
            return count == (b?.Count ?? 0);
        }

        for (var i = 0; i < count; i++)
        {
            if (!Operations.AreEqual(a![i], b![i]))
            {
                return false;
            }
        }

        return true;
    }

    public override void Normalize(T item)
    {
        var list = Get(item);
        if (list is null)
        {
            return;
        }

        if (list.Count == 0)
        {
            // Who sends one owns it, where the field is always written; it is stored as none (JsonEncoding).
            Set(item, Entry.IsKept ? list : null);
            return;
        }

        for (var i = 0; i < list.Count; i++)
        {
            list[i] = Operations.Normalize(list[i]);
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        var list = Read(item);
        if (list is null)
        {
            writer.Text(null);
            return;
        }

        writer.BeginArray();
        foreach (var element in list)
        {
            writer.Element();
            Operations.Write(element, writer);
        }

        writer.EndArray();
    }

    private abstract class ItemOperations
    {
        public abstract bool AreEqual(TItem left, TItem right);

        public abstract TItem Normalize(TItem item);

        public abstract void Write(TItem item, GoJsonWriter writer);
    }

    private sealed class PlainItems : ItemOperations
    {
        public override bool AreEqual(TItem left, TItem right) => EqualityComparer<TItem>.Default.Equals(left, right);

        public override TItem Normalize(TItem item) =>
            item is null && typeof(TItem) == typeof(string) ? (TItem)(object)"" : item;

        public override void Write(TItem item, GoJsonWriter writer) => writer.Scalar(item);
    }

    private sealed class ModelItems<TModel> : ItemOperations
        where TModel : class, TItem, new()
    {
        public override bool AreEqual(TItem left, TItem right) =>
            ModelShape.SemanticEquals((TModel?)left, (TModel?)right);

        public override TItem Normalize(TItem item)
        {
            var model = (TModel?)item ?? new TModel();
            ModelShape<TModel>.Instance.NormalizeItem(model);
            return model;
        }

        public override void Write(TItem item, GoJsonWriter writer) =>
            ModelShape<TModel>.Instance.WriteInternal(item, writer);
    }
}

/// <summary>A model in a model.</summary>
internal sealed class NestedField<T, TModel>(
    PropertyInfo property, InternalField entry) : AccessField<T, TModel?>(property, entry)
    where TModel : class, new()
{
    public override bool AreEqual(T left, T right)
    {
        var (a, b) = (Get(left), Get(right));
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (a is null || b is null)
        {
            return !Entry.IsPointer && ModelShape<TModel>.Instance.AreEqual(a ?? new TModel(), b ?? new TModel());
        }

        return ModelShape<TModel>.Instance.AreEqual(a, b);
    }

    public override void Normalize(T item)
    {
        var value = Get(item);
        if (value is null && Entry.IsKept)
        {
            Set(item, value = new TModel());
        }

        if (value is not null)
        {
            ModelShape<TModel>.Instance.NormalizeItem(value);
        }
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        var value = Read(item);
        writer.Name(Entry.Name);
        if (value is null && Entry.IsPointer)
        {
            writer.Text(null);
        }
        else
        {
            ModelShape<TModel>.Instance.WriteInternal(value, writer);
        }
    }
}

/// <summary>Anything else: compared as it is.</summary>
internal sealed class OtherField<T, TValue>(
    PropertyInfo property, InternalField entry) : AccessField<T, TValue>(property, entry)
{
    public override bool AreEqual(T left, T right) =>
        StructuralComparisons.StructuralEqualityComparer.Equals(Get(left), Get(right));

    public override void Normalize(T item)
    {
    }

    public override void Write(T? item, GoJsonWriter writer)
    {
        writer.Name(Entry.Name);
        writer.Scalar(Read(item));
    }
}
