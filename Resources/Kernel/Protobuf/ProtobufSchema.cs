using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Protobuf;

/// <summary>
/// Messages of all objects that have one, each made from its schema on first use with all that it reaches.
/// </summary>
internal static class ProtobufSchema
{
    /// <summary>Whatever JSON says in it, its message has no fields.</summary>
    private const string EmptyStatus =
        "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus";

    private static readonly ProtobufMessage Empty = new("CustomResourceSubresourceStatus");

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<ObjectSchema,
    ProtobufMessage> Messages = new();
    private static readonly Dictionary<ObjectSchema, ProtobufMessage> Making = [];
    private static readonly Lock Gate = new();

    /// <summary>The message of a schema; null when upstream has none.</summary>
    public static ProtobufMessage? Find(ObjectSchema schema)
    {
        if (Messages.TryGetValue(schema, out var known))
        {
            return known;
        }

        if (!schema.HasMessage)
        {
            return null;
        }

        lock (Gate)
        {
            // Nobody may see a message before all that it reaches are complete.
            Making.Clear();
            var made = Make(schema);
            foreach (var (type, message) in Making)
            {
                Messages[type] = message;
            }

            return made;
        }
    }

    private static ProtobufMessage Make(ObjectSchema schema)
    {
        if (Messages.TryGetValue(schema, out var known) || Making.TryGetValue(schema, out known))
        {
            return known;
        }

        Invariant.Check(schema.HasMessage, "what a message holds has a message", schema);
        var message = new ProtobufMessage(schema.GoName);
        Making[schema] = message;
        message.Complete(MakeFields(schema.GoName, schema.Fields.Where(f => f.Numbers.Count > 0), depth: 0));
        return message;
    }

    /// <summary>
    /// The fields at one depth: those with no further number, and one for each message that JSON inlines.
    /// </summary>
    private static List<ProtobufField> MakeFields(string owner, IEnumerable<SchemaField> fields, int depth)
    {
        var made = new List<ProtobufField>();
        foreach (var group in fields.GroupBy(f => (Number: f.Numbers[depth], IsInlined: f.Numbers.Count > depth + 1)))
        {
            if (group.Key.IsInlined)
            {
                var inner = new ProtobufMessage(owner);
                inner.Complete(MakeFields(owner, group, depth + 1));
                made.Add(new ProtobufField
                {
                    Number = group.Key.Number, Name = default, Kind = ProtobufKind.Message,
                    Shape = ProtobufShape.Inline,
                    Message = inner,
                });
            }
            else
            {
                made.AddRange(group.Select(f => MakeField(f, group.Key.Number)));
            }
        }

        return made;
    }

    /// <summary>The numbers of what is an object or something else, and what else.</summary>
    private static (int Object, int Other, ProtobufKind Kind, ProtobufShape Shape)? EitherOf(SchemaNode node) =>
        (node as AnySchema)?.Name[(((AnySchema)node).Name.LastIndexOf('.') + 1)..] switch
        {
            "JSONSchemaPropsOrBool" => (2, 1, ProtobufKind.Bool, ProtobufShape.Single),
            "JSONSchemaPropsOrArray" => (1, 2, ProtobufKind.Message, ProtobufShape.List),
            "JSONSchemaPropsOrStringArray" => (1, 2, ProtobufKind.String, ProtobufShape.List),
            _ => null,
        };

    /// <summary>The message of a value; null for one that is none.</summary>
    private static ProtobufMessage? MessageOf(SchemaNode node)
    {
        if (node is ObjectSchema target)
        {
            return Make(target);
        }

        if (node is AnySchema { Name: EmptyStatus })
        {
            return Empty;
        }

        if (EitherOf(node) is not { } either)
        {
            return null;
        }

        var schema = Make(BuiltInSchema.Of(typeof(V1JSONSchemaProps)));
        var message = new ProtobufMessage(schema.Name);
        message.Complete(
        [
            new ProtobufField
            {
                Number = either.Object, Name = JsonEncodedText.Encode("schema"), Kind = ProtobufKind.Message,
                Shape = ProtobufShape.Single, Message = schema,
            },
            new ProtobufField
            {
                Number = either.Other, Name = JsonEncodedText.Encode("other"), Kind = either.Kind,
                Shape = either.Shape, Message = either.Kind == ProtobufKind.Message ? schema : null,
            },
        ]);
        return message;
    }

    private static ProtobufField MakeField(SchemaField field, int number)
    {
        var (element, shape) = field.Node switch
        {
            ListSchema list => (list.Items, ProtobufShape.List),
            MapSchema map => (map.Values, ProtobufShape.Map),
            var single => (single, ProtobufShape.Single),
        };
        return new ProtobufField
        {
            Number = number,
            Name = JsonEncodedText.Encode(field.Name),
            Kind = KindOf(element),
            Shape = shape,
            OmitsZero = field.Presence == FieldPresence.OmitZero,
            WritesZero = shape == ProtobufShape.Single
                && field.Presence is FieldPresence.Always or FieldPresence.OmitZero
                && KindOf(element) != ProtobufKind.Bytes,
            Message = MessageOf(element),
        };
    }

    private static ProtobufKind KindOf(SchemaNode node) => node switch
    {
        ObjectSchema => ProtobufKind.Message,
        AnySchema { Name: EmptyStatus } => ProtobufKind.Message,
        AnySchema => EitherOf(node) is null ? ProtobufKind.Raw : ProtobufKind.Either,
        ListSchema { Items: ScalarSchema { Kind: ScalarKind.String } } => ProtobufKind.Strings,
        ScalarSchema { Kind: var kind } => kind switch
        {
            ScalarKind.String => ProtobufKind.String,
            ScalarKind.Boolean => ProtobufKind.Bool,
            ScalarKind.Int32 => ProtobufKind.Int32,
            ScalarKind.Int64 => ProtobufKind.Int64,
            ScalarKind.Double => ProtobufKind.Double,
            ScalarKind.Bytes => ProtobufKind.Bytes,
            ScalarKind.Time => ProtobufKind.Time,
            ScalarKind.MicroTime => ProtobufKind.MicroTime,
            ScalarKind.Quantity => ProtobufKind.Quantity,
            ScalarKind.IntOrString => ProtobufKind.IntOrString,
            _ => throw new InvariantViolationException($"Protobuf has no form of {kind}."),
        },
        _ => throw new InvariantViolationException("Protobuf has no list or map within a list or map."),
    };
}
