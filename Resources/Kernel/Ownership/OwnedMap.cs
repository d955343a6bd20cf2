using System.Text;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>An object with known fields, or a map.</summary>
internal sealed class OwnedMap
{
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    private readonly ObjectSchema? _schema;
    private OwnedField[][]? _byLength;

    public OwnedMap(ObjectSchema schema, bool isAtomic)
    {
        _schema = schema;
        IsAtomic = isAtomic;
        Elements = schema.PreservesUnknown ? OwnedType.Deduced : null;
    }

    public OwnedMap(bool isAtomic, OwnedType elements)
    {
        _byLength = [];
        IsAtomic = isAtomic;
        Elements = elements;
    }

    /// <summary>It is owned as a whole.</summary>
    public bool IsAtomic { get; }

    /// <summary>What fields hold that are not declared; null when there may be none.</summary>
    public OwnedType? Elements { get; }

    /// <summary>A declared field by its name in UTF-8; null when there is none.</summary>
    public OwnedField? Find(ReadOnlySpan<byte> name)
    {
        var byLength = _byLength ??= Index(_schema!);
        if (name.Length < byLength.Length)
        {
            foreach (var field in byLength[name.Length])
            {
                if (name.SequenceEqual(field.Utf8Name))
                {
                    return field;
                }
            }
        }

        return null;
    }

    /// <summary>A declared field by its name; null when there is none.</summary>
    public OwnedField? Find(string name)
    {
        const int MaxOnStack = 256;
        return name.Length > MaxOnStack / 3 ? Find(Encoding.UTF8.GetBytes(name))
            : FindShort(name, stackalloc byte[MaxOnStack]);
    }

    /// <summary>What a step leads to; null when it leads to nothing that is declared.</summary>
    public OwnedType? TypeAt(PathElement element) =>
        element.FieldName is { } name ? Find(name)?.Type ?? Elements : Elements;

    private OwnedField? FindShort(string name, Span<byte> utf8) => Find(utf8[..Encoding.UTF8.GetBytes(name, utf8)]);

    private static OwnedField[][] Index(ObjectSchema schema)
    {
        var fields = schema.Fields
            .Select(f => new OwnedField(f, f.Name == "managedFields" && schema.Name == Meta)).ToList();
        var longest = fields.Select(f => f.Utf8Name.Length).DefaultIfEmpty(-1).Max();
        return [.. Enumerable.Range(0, longest + 1)
            .Select(length => fields.Where(f => f.Utf8Name.Length == length).ToArray())];
    }
}
