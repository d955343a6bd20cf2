using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.ApiExtensions.Definitions;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.ApiExtensions.Definitions;

/// <summary>
/// What of a definition concerns others. A definition looks at all others before it takes names; so this is read out
/// of each once, not of all of them for each: with 500 installed that were 250,000 schemas to read at each start.
/// </summary>
internal sealed record DefinitionFacts
{
    public required string Group { get; init; }

    /// <summary>False while it waits for names that others have.</summary>
    public required bool HasItsNames { get; init; }

    /// <summary>It is served, or was.</summary>
    public required bool IsEstablished { get; init; }

    /// <summary>Names in paths that it has: plural, singular and short ones.</summary>
    public required IReadOnlyList<string> Resources { get; init; }

    /// <summary>Kinds that it has: of objects and of lists.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    public required IReadOnlyList<string> ServedVersions { get; init; }

    public static DefinitionFacts Of(ResourceObject item) =>
        item.Facts(static i => Of(i.As<V1CustomResourceDefinition>()));

    public static DefinitionFacts Of(V1CustomResourceDefinition item)
    {
        var names = item.Status?.AcceptedNames;
        return new DefinitionFacts
        {
            Group = item.Spec.Group,
            HasItsNames = DefinitionConditions.IsTrue(item, DefinitionConditions.NamesAccepted),
            IsEstablished = DefinitionConditions.IsTrue(item, DefinitionConditions.Established),
            Resources = Known([.. names?.ShortNames ?? [], names?.Plural, names?.Singular]),
            Kinds = Known([names?.Kind, names?.ListKind]),
            ServedVersions = [.. item.Spec.Versions.Where(static v => v.Served).Select(static v => v.Name)],
        };
    }

    /// <summary>Both have a name that only one of them can have.</summary>
    public bool IsAtOddsWith(DefinitionFacts other) => Group == other.Group
        && (Resources.Intersect(other.Resources).Any() || Kinds.Intersect(other.Kinds).Any());

    private static string[] Known(IEnumerable<string?> names) => [.. names.OfType<string>()];
}
