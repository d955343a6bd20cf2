using System.Text;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>A field that an object declares.</summary>
/// <param name="declared">As the schema has it.</param>
/// <param name="isSkipped">It is managedFields, which ownership is not about.</param>
internal sealed class OwnedField(SchemaField declared, bool isSkipped)
{
    private OwnedType? _type;

    public string Name => declared.Name;

    public byte[] Utf8Name { get; } = Encoding.UTF8.GetBytes(declared.Name);

    public PathElement Element { get; } = PathElement.Field(declared.Name);

    public bool IsSkipped => isSkipped;

    /// <summary>Found on first use: fields lead back to their object.</summary>
    public OwnedType Type => _type ??= OwnedType.Of(declared);

    /// <summary>
    /// What a key is when an element does not give it: the default that is published, else the zero of a field that is
    /// always written.
    /// </summary>
    public PathValue? DefaultKey { get; } = declared switch
    {
        { Default: { } text } => PathValue.Of(text),
        { DefaultValue: { } value } => PathValue.Of(value),
        { IsKept: true, Node: ScalarSchema { Kind: ScalarKind.String } } => PathValue.Of(""),
        { IsKept: true, Node: ScalarSchema { Kind: ScalarKind.Int32 or ScalarKind.Int64 } } => PathValue.Of(0),
        { IsKept: true, Node: ScalarSchema { Kind: ScalarKind.Boolean } } => PathValue.Of(false),
        _ => null,
    };
}
