using OrleansOrchestrator.Cel.Types;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.AdmissionRegistration.Expressions;

/// <summary>What is known of objects of a kind, for the checker of types.</summary>
internal sealed class KindSchemas
{
    private readonly Dictionary<ObjectSchema, CelSchema> _made = [];
    private readonly HashSet<ObjectSchema> _open = [];

    private KindSchemas()
    {
    }

    /// <summary>The type of a whole object; null of a kind of which no fields are declared.</summary>
    public static CelSchema? Of(ObjectSchema schema) =>
        schema.Fields.Count == 0 ? null : new KindSchemas().Object(schema);

    private CelSchema Node(SchemaNode node) => node switch
    {
        ObjectSchema schema => Object(schema),
        ListSchema list => CelSchema.List(Node(list.Items)),
        MapSchema map => CelSchema.Map(new CelSchema(CelType.String), Node(map.Values)),
        ScalarSchema scalar => Scalar(scalar.Kind),
        _ => CelSchema.Dyn,
    };

    /// <summary>What leads back to itself, or may have unknown fields, is anything.</summary>
    private CelSchema Object(ObjectSchema schema)
    {
        if (_made.TryGetValue(schema, out var known))
        {
            return known;
        }

        if (schema.PreservesUnknown || schema.Fields.Count == 0 || !_open.Add(schema))
        {
            return CelSchema.Dyn;
        }

        var made = CelSchema.Object(
            schema.Name, schema.Fields.Select(f => new CelSchemaField(f.Name, Node(f.Node), f.IsRequired)));
        _open.Remove(schema);
        return _made[schema] = made;
    }

    private static CelSchema Scalar(ScalarKind kind) => kind switch
    {
        ScalarKind.String => new(CelType.String),
        ScalarKind.Boolean => new(CelType.Bool),
        ScalarKind.Int32 or ScalarKind.Int64 => new(CelType.Int),
        ScalarKind.Double => new(CelType.Double),
        ScalarKind.Bytes => new(CelType.Bytes),
        ScalarKind.Time or ScalarKind.MicroTime => new(CelType.Timestamp),
        _ => CelSchema.Dyn,
    };
}
