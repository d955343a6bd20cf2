using System.Reflection;
using System.Text.Json.Serialization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Group, version and kind, as schemas name them.</summary>
public readonly record struct SchemaKind(string Group, string Version, string Kind);

/// <summary>A field of a definition, from the model and both tables of facts.</summary>
/// <param name="Facts">What OpenAPI says beyond the type.</param>
/// <param name="Type">Its type.</param>
/// <param name="Field">How it is written and patched; null when the model lacks it.</param>
/// <param name="ClrName">Name of the model's property; null when the model lacks it.</param>
internal sealed record SchemaProperty(PropertyFacts Facts, SchemaType Type, FieldFacts? Field, string? ClrName);

/// <summary>
/// Which definitions this Kubernetes release publishes and what is in them, by reflection over the client models. The
/// models may be of a later release: a field that the table of types does not know is left out.
/// </summary>
internal sealed class DefinitionCatalogue
{
    private readonly Dictionary<string, DefinitionFacts> _definitions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _byModel = new(StringComparer.Ordinal);
    private readonly Dictionary<SchemaKind, string> _byKind = [];

    /// <summary>Every document walks the definitions again, and reflection is not cheap.</summary>
    private readonly Dictionary<string, IReadOnlyList<SchemaProperty>> _properties = new(StringComparer.Ordinal);

    public DefinitionCatalogue()
    {
        foreach (var definition in DefinitionTable.Read())
        {
            _definitions.Add(definition.Name, definition);
            if (definition.Model is { } model)
            {
                _byModel.Add(model, definition.Name);
            }

            if (definition.Group is { } group)
            {
                _byKind.Add(new SchemaKind(group, definition.Version, definition.ShortName), definition.Name);
            }
        }
    }

    /// <summary>Every group and version that has the kinds of meta.</summary>
    public IReadOnlyList<string> GroupVersions { get; } = DefinitionTable.ReadGroupVersions();

    public DefinitionFacts this[string name] => _definitions[name];

    /// <summary>The name of a kind's definition; null when the release has none.</summary>
    public string? Find(SchemaKind kind) => _byKind.GetValueOrDefault(kind);

    /// <summary>The given definitions and all that they refer to, by name.</summary>
    public SortedSet<string> Closure(IEnumerable<string> roots)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var pending = new Stack<string>(roots);
        while (pending.TryPop(out var name))
        {
            if (found.Add(name))
            {
                foreach (var property in Properties(this[name]))
                {
                    if (property.Type.Target is { } target)
                    {
                        pending.Push(target);
                    }
                }
            }
        }

        return found;
    }

    /// <summary>The fields of a definition, by name.</summary>
    public IReadOnlyList<SchemaProperty> Properties(DefinitionFacts definition)
    {
        if (!_properties.TryGetValue(definition.Name, out var properties))
        {
            properties = MakeProperties(definition);
            _properties.Add(definition.Name, properties);
        }

        return properties;
    }

    private static Type ModelType(string model) =>
        typeof(V1Pod).Assembly.GetType($"{typeof(V1Pod).Namespace}.{model}", throwOnError: true)!;

    private List<SchemaProperty> MakeProperties(DefinitionFacts definition)
    {
        var facts = definition.Properties.ToDictionary(p => p.Name, StringComparer.Ordinal);
        var result = new SortedDictionary<string, SchemaProperty>(StringComparer.Ordinal);
        if (definition is { Scalar: null, Model: { } model })
        {
            AddProperties(ModelType(model), facts, result);
        }

        foreach (var fact in facts.Values.Where(f => !result.ContainsKey(f.Name)))
        {
            Invariant.Check(fact.Type is not null, "a field that the model lacks declares its type");
            result.Add(fact.Name, new SchemaProperty(fact, SchemaType.Parse(fact.Type), null, null));
        }

        return [.. result.Values];
    }

    private void AddProperties(
        Type model, Dictionary<string, PropertyFacts> facts, SortedDictionary<string, SchemaProperty> result)
    {
        var fields = TypeFacts.Find(model)?.Fields.ToDictionary(f => f.Name, StringComparer.Ordinal) ?? [];
        foreach (var property in model.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            var name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name;
            if (name is null || !fields.TryGetValue(name, out var field))
            {
                continue;
            }

            var fact = facts.GetValueOrDefault(name) ?? new PropertyFacts(name);
            var type = fact.Type is { } declared
                ? SchemaType.Parse(declared)
                : SchemaType.Of(property.PropertyType, field.HasMicroseconds, t => _byModel[t.Name]);
            result.Add(name, new SchemaProperty(fact, type, field, property.Name));
        }
    }
}
