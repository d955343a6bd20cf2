using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// Codecs of all types, each made on first use from the model's properties and its <see cref="ObjectSchema"/>.
/// </summary>
internal static class CodecTable
{
    private static readonly ConcurrentDictionary<Type, IModelCodec> Models = new()
    {
        [typeof(CustomObject)] = new CustomObjectModel(),
    };

    private static readonly Dictionary<Type, object> Codecs = new()
    {
        [typeof(string)] = new StringCodec(),
        [typeof(bool)] = new BoolCodec(),
        [typeof(int)] = new Int32Codec(),
        [typeof(long)] = new Int64Codec(),
        [typeof(double)] = new DoubleCodec(),
        [typeof(byte[])] = new BytesCodec(),
        [typeof(DateTime)] = new TimeCodec(hasMicroseconds: false),
        [typeof(ResourceQuantity)] = new QuantityCodec(),
        [typeof(IntOrString)] = new IntOrStringCodec(),
        [typeof(object)] = new RawCodec(),
    };

    private static readonly TimeCodec MicroTime = new(hasMicroseconds: true);
    private static readonly FieldsCodec Fields = new();
    private static readonly NullableCodec<DateTime> NullableMicroTime = new(MicroTime);
    private static readonly Lock Gate = new();

    /// <summary>The codec of a model class.</summary>
    public static IModelCodec Model(Type type)
    {
        if (Models.TryGetValue(type, out var known))
        {
            return known;
        }

        lock (Gate)
        {
            return Models.GetOrAdd(type, (IModelCodec)Of(type));
        }
    }

    private static object Of(Type type)
    {
        if (Codecs.TryGetValue(type, out var known))
        {
            return known;
        }

        if (Nullable.GetUnderlyingType(type) is { } value)
        {
            return Keep(type, Make(typeof(NullableCodec<>), value, Of(value)));
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IList<>))
        {
            var element = type.GetGenericArguments()[0];
            return Keep(type, Make(typeof(ListCodec<>), element, Of(element)));
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IDictionary<,>))
        {
            var element = type.GetGenericArguments()[1];
            return Keep(type, Make(typeof(MapCodec<>), element, Of(element)));
        }

        return MakeModel(type);
    }

    private static object MakeModel(Type type)
    {
        var schema = BuiltInSchema.Of(type);
        var codec = Keep(type, Make(typeof(ModelCodec<>), type, schema));
        typeof(CodecTable).GetMethod(nameof(Complete), BindingFlags.NonPublic | BindingFlags.Static)!
            .MakeGenericMethod(type).Invoke(null, [codec, schema]);
        return codec;
    }

    private static void Complete<T>(ModelCodec<T> codec, ObjectSchema schema)
        where T : class, new()
    {
        var properties = typeof(T).GetProperties()
            .Select(p => (Property: p, p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
            .Where(p => p.Name is not null && p.Property.CanWrite)
            .ToDictionary(p => p.Name!, p => p.Property, StringComparer.Ordinal);
        var fields = new List<FieldCodec<T>>(schema.Fields.Count);
        foreach (var field in schema.Fields.Where(f => f.Presence != FieldPresence.Unmodelled))
        {
            if (!properties.TryGetValue(field.Name, out var property))
            {
                throw new InvalidOperationException($"{typeof(T).Name} has no property for {field.Name}.");
            }

            fields.Add(MakeField<T>(field, property));
        }

        codec.Complete(fields);
    }

    private static FieldCodec<T> MakeField<T>(SchemaField field, PropertyInfo property)
        where T : class
    {
        if (typeof(T) == typeof(V1ObjectMeta) && field.Name == "resourceVersion")
        {
            return (FieldCodec<T>)(object)new RevisionField(field, (ValueCodec<string>)Of(typeof(string)));
        }

        var type = property.PropertyType;
        object codec = field.Node is ScalarSchema { Kind: ScalarKind.MicroTime }
            ? type == typeof(DateTime) ? MicroTime : NullableMicroTime
            : field.Node is AnySchema { Name: FieldsV1.Definition } ? Fields
            : Of(type);
        var get = property.GetMethod!.CreateDelegate(typeof(Func<,>).MakeGenericType(typeof(T), type));
        var set = property.SetMethod!.CreateDelegate(typeof(Action<,>).MakeGenericType(typeof(T), type));
        return (FieldCodec<T>)Activator.CreateInstance(
            typeof(FieldCodec<,>).MakeGenericType(typeof(T), type), field, codec, get, set)!;
    }

    private static object Make(Type generic, Type argument, object parameter) =>
        Activator.CreateInstance(generic.MakeGenericType(argument), parameter)!;

    private static object Keep(Type type, object codec)
    {
        Codecs[type] = codec;
        return codec;
    }
}
