using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>A definition that OpenAPI publishes.</summary>
/// <param name="Name">For example <c>io.k8s.api.core.v1.Pod</c>.</param>
/// <param name="Schema">Its fields; null when it is none but a scalar or anything.</param>
/// <param name="Scalar">Type and format of what has no fields, for example <c>string/date-time</c>; else null.</param>
internal sealed record Definition(string Name, ObjectSchema? Schema, string? Scalar)
{
    /// <summary>Name without its package.</summary>
    public string ShortName => Name[(Name.LastIndexOf('.') + 1)..];

    /// <summary>Makes the definition as it stands, of a custom kind; null of all others. Made anew each time: kept,
    /// those of many kinds would take more than all documents.</summary>
    public Func<JsonObject>? Custom { get; init; }

    /// <summary>The same in the words of version 2.</summary>
    public Func<JsonObject>? Simple { get; init; }

    /// <summary>The definitions that a custom kind's refers to.</summary>
    public IReadOnlyList<string> References { get; init; } = [];
}

/// <summary>Which definitions there are to publish, and which refer to which.</summary>
internal sealed class DefinitionCatalogue
{
    private readonly Dictionary<string, Definition> _definitions;

    /// <param name="table">The kinds, for the definitions of the custom ones.</param>
    public DefinitionCatalogue(ResourceTable table)
    {
        var objects = BuiltInSchema.Objects.Where(o => o.IsPublished).Select(o => new Definition(o.Name, o, null));
        var scalars = BuiltInSchema.Scalars.Select(s => new Definition(s.Key, null, s.Value));
        var custom = table.All.Where(d => d.Of.IsCustom).SelectMany(CustomDefinition.Of);
        _definitions = objects.Concat(scalars).Concat(custom).DistinctBy(d => d.Name, StringComparer.Ordinal)
            .ToDictionary(d => d.Name, StringComparer.Ordinal);
    }

    public IEnumerable<string> Names => _definitions.Keys;

    public Definition this[string name] => _definitions[name];

    /// <summary>The given definitions and all that they refer to, by name.</summary>
    public SortedSet<string> Closure(IEnumerable<string> roots)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var pending = new Stack<string>(roots);
        while (pending.TryPop(out var name))
        {
            if (found.Add(name))
            {
                foreach (var reference in this[name].References)
                {
                    pending.Push(reference);
                }

                foreach (var field in this[name].Schema?.Fields ?? [])
                {
                    if (SchemaType.Of(field.Node).Target is { } target)
                    {
                        pending.Push(target);
                    }
                }
            }
        }

        return found;
    }
}
