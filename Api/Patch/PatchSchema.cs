using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json.Serialization;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>How a strategic merge patch treats the fields of a type; maps and scalars have none.</summary>
public sealed class PatchSchema
{
    private static readonly ConcurrentDictionary<Type, PatchSchema> Known = new();

    private readonly Dictionary<string, PatchField> _fields;

    private PatchSchema(Dictionary<string, PatchField> fields)
    {
        _fields = fields;
    }

    /// <summary>The schema of a model class.</summary>
    public static PatchSchema? Of(Type type) =>
        TypeFacts.Find(type) is { } facts ? Known.GetOrAdd(type, static (t, f) => Make(t, f), facts) : null;

    /// <summary>What is known of a field; null when it is unknown, or below an untyped map.</summary>
    public PatchField? Find(string field) => _fields.GetValueOrDefault(field);

    private static PatchSchema Make(Type type, TypeFacts facts)
    {
        var properties = type.GetProperties()
            .Select(p => (p.PropertyType, p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name))
            .Where(p => p.Name is not null)
            .ToDictionary(p => p.Name!, p => p.PropertyType, StringComparer.Ordinal);
        return new PatchSchema(facts.Fields.ToDictionary(
            f => f.Name,
            f => new PatchField(f.Merges, f.MergeKey, ElementOf(properties[f.Name])),
            StringComparer.Ordinal));
    }

    /// <summary>The type inside lists and maps.</summary>
    private static Type ElementOf(Type type)
    {
        while (type.IsGenericType)
        {
            type = type.GetGenericArguments()[^1];
        }

        return type;
    }
}

/// <summary>One field as a strategic merge patch sees it.</summary>
/// <param name="Merges">A list is merged, not replaced.</param>
/// <param name="MergeKey">What identifies list elements; null for scalars.</param>
/// <param name="Element">Model class of the value, or of its elements.</param>
public sealed record PatchField(bool Merges, string? MergeKey, Type Element)
{
    /// <summary>The schema one level down; null when it has no fields.</summary>
    public PatchSchema? Inner => PatchSchema.Of(Element);
}
