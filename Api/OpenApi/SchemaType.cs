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
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    /// <summary>The definition that the type leads to; null when it ends in a scalar.</summary>
    public string? Target => Reference ?? (Items ?? Values)?.Target;

    /// <summary>The type of a model's property.</summary>
    /// <param name="type">Its CLR type.</param>
    /// <param name="hasMicroseconds">How its times are written.</param>
    /// <param name="nameOf">Names the definition of a model.</param>
    public static SchemaType Of(Type type, bool hasMicroseconds, Func<Type, string> nameOf)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => new("string"),
            _ when type == typeof(bool) => new("boolean"),
            _ when type == typeof(int) => new("integer", "int32"),
            _ when type == typeof(long) => new("integer", "int64"),
            _ when type == typeof(double) => new("number", "double"),
            _ when type == typeof(byte[]) => new("string", "byte"),
            _ when type == typeof(DateTime) => new(null, Reference: Meta + (hasMicroseconds ? "MicroTime" : "Time")),
            _ when Is(typeof(IList<>)) =>
                new("array", Items: Of(type.GetGenericArguments()[0], hasMicroseconds, nameOf)),
            _ when Is(typeof(IDictionary<,>)) =>
                new("object", Values: Of(type.GetGenericArguments()[1], hasMicroseconds, nameOf)),
            _ => new(null, Reference: nameOf(type)),
        };

        bool Is(Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;
    }

    /// <summary>The type that the table of facts declares.</summary>
    public static SchemaType Parse(string text) => text switch
    {
        ['[', ']', .. var items] => new("array", Items: Parse(items)),
        ['{', '}', .. var values] => new("object", Values: Parse(values)),
        _ when text.Contains('.', StringComparison.Ordinal) => new(null, Reference: text),
        _ => new(text),
    };
}
