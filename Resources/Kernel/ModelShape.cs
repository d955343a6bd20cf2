using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>
/// What the API does to every object of a model type alike, driven by a table of upstream's fields: dropping zero
/// values that its encoder omits, comparing as its semantic equality does (no list is an empty list, quantities by
/// amount), and writing its internal form, which some error messages quote. Accessors are compiled once per type.
/// </summary>
public abstract class ModelShape
{
    private static readonly ConcurrentDictionary<Type, ModelShape> Shapes = new();

    /// <summary>The shape of a model type; of any class in <c>k8s.Models</c>.</summary>
    public static ModelShape Of(Type type) => Shapes.GetOrAdd(
        type, static t => (ModelShape)Activator.CreateInstance(typeof(ModelShape<>).MakeGenericType(t))!);

    /// <summary>True when two models mean the same.</summary>
    public static bool SemanticEquals<T>(T? left, T? right)
        where T : class
    {
        if (ReferenceEquals(left, right))
        {
            return true;
        }

        return left is not null && right is not null && ModelShape<T>.Instance.AreEqual(left, right);
    }

    /// <summary>
    /// Removes what upstream's encoder would not write, and puts zero values where a list holds null.
    /// </summary>
    public static void Normalize<T>(T? item)
        where T : class
    {
        if (item is not null)
        {
            ModelShape<T>.Instance.NormalizeItem(item);
        }
    }

    /// <summary>Writes the internal form of a model; null writes a zero value.</summary>
    internal abstract void WriteInternal(object? item, GoJsonWriter writer);
}

/// <summary>The shape of one model type.</summary>
public sealed class ModelShape<T> : ModelShape
    where T : class
{
    private readonly ModelField<T>[] _fields;
    private readonly ModelField<T>[] _normalized;
    private readonly ModelField<T>[]? _internal;

    public ModelShape()
    {
        var schema = BuiltInSchema.Of(typeof(T));
        var properties = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(p => (Property: p, p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
            .Where(p => p.Name is not null && p.Property is { CanRead: true, CanWrite: true })
            .ToDictionary(p => p.Name!, p => p.Property, StringComparer.OrdinalIgnoreCase);
        var shown = schema.Internal?.Select(f => ModelFields.Create<T>(properties[f.JsonName], f)).ToArray();
        var names = schema.Internal?.Select(f => f.JsonName).ToHashSet(StringComparer.OrdinalIgnoreCase) ?? [];
        var rest = schema.Fields.Where(f => f.Presence != FieldPresence.Unmodelled && !names.Contains(f.Name))
            .Select(f =>
                ModelFields.Create<T>(properties[f.Name], new InternalField(f.Name, f.Name, f.IsPointer, f.IsKept)));
        _internal = shown;
        _fields = [.. shown ?? [], .. rest];
        _normalized = [.. _fields.Where(f => f.IsNormalized)];
    }

    public static ModelShape<T> Instance { get; } = (ModelShape<T>)Of(typeof(T));

    internal bool AreEqual(T left, T right)
    {
        foreach (var field in _fields)
        {
            if (!field.AreEqual(left, right))
            {
                return false;
            }
        }

        return true;
    }

    internal void NormalizeItem(T item)
    {
        foreach (var field in _normalized)
        {
            field.Normalize(item);
        }
    }

    internal override void WriteInternal(object? item, GoJsonWriter writer)
    {
        writer.BeginObject();
        WriteFields(item, writer);
        SpecialForms.WriteRest(item, writer);
        writer.EndObject();
    }

    /// <summary>The fields without the braces, or some of them.</summary>
    internal void WriteFields(object? item, GoJsonWriter writer, Predicate<string>? which = null)
    {
        Invariant.Check(_internal is not null, "a type that messages show has an internal form", typeof(T).Name);
        foreach (var field in _internal.Where(f => which?.Invoke(f.Name) != false))
        {
            if (!SpecialForms.TryWrite(item, field.Name, writer))
            {
                field.Write((T?)item, writer);
            }
        }
    }
}

/// <summary>One field of a model type, with typed accessors.</summary>
internal abstract class ModelField<T>(InternalField entry)
{
    public string Name => Entry.Name;

    /// <summary>False when normalizing never changes it.</summary>
    public virtual bool IsNormalized => true;

    protected InternalField Entry { get; } = entry;

    public abstract bool AreEqual(T left, T right);

    public abstract void Normalize(T item);

    public abstract void Write(T? item, GoJsonWriter writer);
}

/// <summary>Makes the right field for a property.</summary>
internal static class ModelFields
{
    public static ModelField<T> Create<T>(PropertyInfo property, InternalField entry)
    {
        var type = property.PropertyType;
        var definition = type switch
        {
            _ when type == typeof(string) => typeof(TextField<>),
            _ when type == typeof(ResourceQuantity) => typeof(QuantityField<>),
            _ when type == typeof(IntOrString) => typeof(IntOrStringField<>),
            _ when type.IsValueType => typeof(ValueField<,>),
            _ when IsGeneric(type, typeof(IList<>)) => typeof(ListField<,>),
            _ when type == typeof(IDictionary<string, string>) => typeof(TextMapField<>),
            _ when type == typeof(IDictionary<string, ResourceQuantity>) => typeof(QuantityMapField<>),
            _ when type.Namespace == typeof(V1Pod).Namespace => typeof(NestedField<,>),
            _ => typeof(OtherField<,>),
        };
        var closed = definition.GetGenericArguments().Length == 1
            ? definition.MakeGenericType(typeof(T))
            : definition.MakeGenericType(
                typeof(T), definition == typeof(ListField<,>) ? type.GetGenericArguments()[0] : type);
        return (ModelField<T>)Activator.CreateInstance(closed, property, entry)!;
    }

    private static bool IsGeneric(Type type, Type definition) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == definition;
}
