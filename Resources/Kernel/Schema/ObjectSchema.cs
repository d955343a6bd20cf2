using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel.Schema;

/// <summary>A kind's place in the API.</summary>
/// <param name="Group">Empty for the core group, <c>*</c> for a kind of every group.</param>
/// <param name="Version">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Pod</c>.</param>
public readonly record struct SchemaKind(string Group, string Version, string Kind);

/// <summary>An object of which only one field may be set.</summary>
/// <param name="Discriminator">The field that says which; empty when there is none.</param>
/// <param name="Fields">The fields.</param>
public sealed record SchemaUnion(string Discriminator, IReadOnlyList<string> Fields);

/// <summary>One field of upstream's internal type, which some messages show.</summary>
/// <param name="Name">Upstream's name.</param>
/// <param name="JsonName">The field of the API that holds the same.</param>
/// <param name="IsPointer">Absent and zero differ.</param>
/// <param name="IsKept">It is written even when zero.</param>
public sealed record InternalField(string Name, string JsonName, bool IsPointer, bool IsKept);

/// <summary>An object with known fields.</summary>
public sealed class ObjectSchema : SchemaNode
{
    private Dictionary<string, SchemaField> _byName = [];

    /// <summary>Name of the definition, for example <c>io.k8s.api.core.v1.Pod</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the client model, for example <c>V1Pod</c>; null when there is none.</summary>
    public string? Model { get; init; }

    /// <summary>Name of the Go type, for example <c>Pod</c>: what messages call it.</summary>
    public string GoName { get; init; } = "";

    /// <summary>Its package, for example <c>v1</c>.</summary>
    public string GoPackage { get; init; } = "";

    /// <summary>Set when it is a kind.</summary>
    public SchemaKind? Kind { get; init; }

    /// <summary>Server-side apply takes it as one value.</summary>
    public bool IsAtomic { get; init; }

    /// <summary>It may have fields beside the known ones; nothing is known of those.</summary>
    public bool PreservesUnknown { get; init; }

    public SchemaUnion? Union { get; init; }

    /// <summary>Upstream has a protobuf message of it.</summary>
    public bool HasMessage { get; init; }

    /// <summary>OpenAPI has it.</summary>
    public bool IsPublished { get; init; } = true;

    /// <summary>Upstream's internal form; null when no message shows it.</summary>
    public IReadOnlyList<InternalField>? Internal { get; init; }

    /// <summary>The fields that must be given, in the order in which they are published.</summary>
    public IReadOnlyList<string> Required { get; private set; } = [];

    /// <summary>In the order in which they are written.</summary>
    public IReadOnlyList<SchemaField> Fields { get; private set; } = [];

    /// <summary>The field of this name in JSON; null when there is none.</summary>
    public SchemaField? Find(string field) => _byName.GetValueOrDefault(field);

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>Second step of construction, by the builder alone: fields may lead back to the object.</summary>
    /// <param name="fields">All fields.</param>
    /// <param name="required">The order of the required ones; null for that of <paramref name="fields"/>.</param>
    internal void Complete(IReadOnlyList<SchemaField> fields, IReadOnlyList<string>? required = null)
    {
        Invariant.Check(Fields.Count == 0, "a schema is completed once", Name);
        Fields = fields;
        Required = required ?? [.. fields.Where(f => f.IsRequired).Select(f => f.Name)];
        _byName = fields.ToDictionary(f => f.Name, StringComparer.Ordinal);
    }
}
