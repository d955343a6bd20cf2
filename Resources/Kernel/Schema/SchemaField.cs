using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Schema;

/// <summary>When a field is written.</summary>
public enum FieldPresence
{
    /// <summary>Always; its zero value when the model has none.</summary>
    Always,

    /// <summary>Always; <c>null</c> when the model has none.</summary>
    AlwaysNullable,

    /// <summary>Not when it is zero or empty.</summary>
    OmitZero,

    /// <summary>Not when it is absent; a zero that was given stays.</summary>
    Pointer,

    /// <summary>Never: it is published, but no model has it.</summary>
    Unmodelled,
}

/// <summary>One field of an object.</summary>
/// <param name="Name">Name in JSON.</param>
/// <param name="Node">What is in it.</param>
/// <param name="Presence">When it is written.</param>
public sealed record SchemaField(string Name, SchemaNode Node, FieldPresence Presence)
{
    /// <summary>It must be given.</summary>
    public bool IsRequired { get; init; }

    /// <summary>What the field declares of its list, map or object.</summary>
    public Topology Topology { get; init; }

    /// <summary>The keys that a keyed list declares.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>A strategic merge patch merges this list.</summary>
    public bool Merges { get; init; }

    /// <summary>The field by which it matches elements; null for lists of scalars.</summary>
    public string? MergeKey { get; init; }

    /// <summary>A strategic merge patch may say <c>$retainKeys</c> here.</summary>
    public bool RetainsKeys { get; init; }

    /// <summary>A strategic merge patch replaces it, and upstream says so.</summary>
    public bool IsReplaced { get; init; }

    /// <summary>Go's name of the type in messages, when it is a named one.</summary>
    public string? GoType { get; init; }

    /// <summary>What a key of a keyed list is when it is not given; null where nothing is published.</summary>
    public string? Default { get; init; }

    /// <summary>What the field is when it is not given, of custom objects; null where nothing is declared.</summary>
    public JsonElement? DefaultValue { get; init; }

    /// <summary>
    /// Numbers in protobuf: the field's own last, before it those of the messages that JSON inlines; empty for none.
    /// </summary>
    public IReadOnlyList<int> Numbers { get; init; } = [];

    /// <summary>Absent and zero differ.</summary>
    public bool IsPointer => Presence is FieldPresence.Pointer or FieldPresence.AlwaysNullable;

    /// <summary>The zero value is written.</summary>
    public bool IsKept => Presence == FieldPresence.Always;
}
