using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>The type of a field: a scalar, a reference to a definition, a list or a map.</summary>
/// <param name="Name">In OpenAPI: string, integer, array …; null for a reference.</param>
/// <param name="Format">For example int32; null without one.</param>
/// <param name="Reference">Name of the definition.</param>
/// <param name="Items">Of a list.</param>
/// <param name="Values">Of a map; its keys are always texts.</param>
internal sealed record SchemaType(
    string? Name, string? Format = null, string? Reference = null, SchemaType? Items = null, SchemaType? Values = null)
{
    private const string Machinery = "io.k8s.apimachinery.pkg.";

    /// <summary>The definition that the type leads to; null when it ends in a scalar.</summary>
    public string? Target => Reference ?? (Items ?? Values)?.Target;

    /// <summary>The type of what a node of the schema holds.</summary>
    public static SchemaType Of(SchemaNode node) => node switch
    {
        ScalarSchema scalar => Of(scalar.Kind),
        ListSchema list => new("array", Items: Of(list.Items)),
        MapSchema map => new("object", Values: Of(map.Values)),
        ObjectSchema target => new(null, Reference: target.Name),
        AnySchema any => new(null, Reference: any.Name),
        _ => throw new InvariantViolationException($"OpenAPI has no type of {node}."),
    };

    private static SchemaType Of(ScalarKind kind) => kind switch
    {
        ScalarKind.String => new("string"),
        ScalarKind.Boolean => new("boolean"),
        ScalarKind.Int32 => new("integer", "int32"),
        ScalarKind.Int64 => new("integer", "int64"),
        ScalarKind.Double => new("number", "double"),
        ScalarKind.Bytes => new("string", "byte"),
        ScalarKind.Time => new(null, Reference: Machinery + "apis.meta.v1.Time"),
        ScalarKind.MicroTime => new(null, Reference: Machinery + "apis.meta.v1.MicroTime"),
        ScalarKind.Quantity => new(null, Reference: Machinery + "api.resource.Quantity"),
        _ => new(null, Reference: Machinery + "util.intstr.IntOrString"),
    };
}
