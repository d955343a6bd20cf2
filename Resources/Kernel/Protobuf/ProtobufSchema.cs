using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// Messages of all model classes, each made on first use: numbers come from <see cref="ProtobufTable"/>, types from the
/// model, and what is left out when it is zero from <see cref="TypeFacts"/>.
/// </summary>
internal static class ProtobufSchema
{
    private static readonly ConcurrentDictionary<Type, ProtobufMessage> Messages = new();
    private static readonly Dictionary<Type, ProtobufMessage> Making = [];
    private static readonly Lock Gate = new();

    private static readonly Dictionary<Type, ProtobufKind> Kinds = new()
    {
        [typeof(string)] = ProtobufKind.String,
        [typeof(byte[])] = ProtobufKind.Bytes,
        [typeof(bool)] = ProtobufKind.Bool,
        [typeof(int)] = ProtobufKind.Int32,
        [typeof(long)] = ProtobufKind.Int64,
        [typeof(DateTime)] = ProtobufKind.Time,
        [typeof(ResourceQuantity)] = ProtobufKind.Quantity,
        [typeof(IntOrString)] = ProtobufKind.IntOrString,
        [typeof(object)] = ProtobufKind.Raw,
        [typeof(IList<string>)] = ProtobufKind.Strings,
    };

    /// <summary>The message of a model; null when upstream has none.</summary>
    public static ProtobufMessage? Find(Type model)
    {
        if (Messages.TryGetValue(model, out var known))
        {
            return known;
        }

        if (ProtobufTable.Find(model) is null)
        {
            return null;
        }

        lock (Gate)
        {
            // Nobody may see a message before all that it reaches are complete.
            Making.Clear();
            var made = Make(model);
            foreach (var (type, message) in Making)
            {
                Messages[type] = message;
            }

            return made;
        }
    }

    private static ProtobufMessage Make(Type model)
    {
        if (Messages.TryGetValue(model, out var known) || Making.TryGetValue(model, out known))
        {
            return known;
        }

        var numbers = ProtobufTable.Find(model);
        var facts = TypeFacts.Find(model);
        if (numbers is null || facts is null)
        {
            throw new InvalidOperationException($"The tables have no line for {model.Name}.");
        }

        var message = new ProtobufMessage(facts.GoName);
        Making[model] = message;
        var properties = model.GetProperties()
            .Select(p => (p.PropertyType, p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
            .Where(p => p.Name is not null)
            .ToDictionary(p => p.Name!, p => p.PropertyType, StringComparer.Ordinal);
        var fields = facts.Fields.ToDictionary(f => f.Name, StringComparer.Ordinal);
        message.Complete([.. numbers.Select(n => MakeField(n, facts.GoName, fields, properties))]);
        return message;
    }

    private static ProtobufField MakeField(
        ProtobufFieldFacts numbers, string owner, Dictionary<string, FieldFacts> facts, Dictionary<string, Type> properties)
    {
        if (numbers.Fields is { } inlined)
        {
            var inner = new ProtobufMessage(owner);
            inner.Complete([.. inlined.Select(n => MakeField(n, owner, facts, properties))]);
            return new ProtobufField
            {
                Number = numbers.Number, Name = default, Kind = ProtobufKind.Message, Shape = ProtobufShape.Inline,
                Message = inner,
            };
        }

        if (!facts.TryGetValue(numbers.Name, out var fact) || !properties.TryGetValue(numbers.Name, out var type))
        {
            throw new InvalidOperationException($"{owner} has no field {numbers.Name}.");
        }

        var (element, shape) = Shape(type);
        var isKnown = Kinds.TryGetValue(element, out var kind);
        return new ProtobufField
        {
            Number = numbers.Number,
            Name = JsonEncodedText.Encode(numbers.Name),
            Kind = !isKnown ? ProtobufKind.Message : fact.HasMicroseconds ? ProtobufKind.MicroTime : kind,
            Shape = shape,
            OmitsZero = fact.Presence == FieldPresence.OmitZero,
            Message = isKnown ? null : Make(element),
        };
    }

    private static (Type Element, ProtobufShape Shape) Shape(Type type)
    {
        if (!type.IsGenericType)
        {
            return (type, ProtobufShape.Single);
        }

        var generic = type.GetGenericTypeDefinition();
        var element = type.GetGenericArguments()[^1];
        element = Nullable.GetUnderlyingType(element) ?? element;
        return generic == typeof(IList<>) ? (element, ProtobufShape.List)
            : generic == typeof(IDictionary<,>) ? (element, ProtobufShape.Map)
            : generic == typeof(Nullable<>) ? (element, ProtobufShape.Single)
            : throw new InvalidOperationException($"Protobuf has no form of {type.Name}.");
    }
}
