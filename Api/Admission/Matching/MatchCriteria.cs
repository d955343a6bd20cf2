using k8s.Models;
using OrleansOrchestrator.Resources.AdmissionRegistration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Admission.Matching;

/// <summary>Which writes a webhook, a policy or a binding is about.</summary>
internal sealed record MatchCriteria
{
    /// <summary>Every write.</summary>
    public static readonly MatchCriteria Everything = new()
    {
        Rules = [], Namespaces = LabelSelector.Everything, Objects = LabelSelector.Everything, TakesAll = true,
    };

    public required IReadOnlyList<OperationRule> Rules { get; init; }

    /// <summary>What rules may not bring in.</summary>
    public IReadOnlyList<OperationRule> Excluded { get; init; } = [];

    public required LabelSelector Namespaces { get; init; }

    public required LabelSelector Objects { get; init; }

    /// <summary>Rules are about a resource under all its groups and versions.</summary>
    public bool IsEquivalent { get; init; }

    /// <summary>No rule restricts it.</summary>
    public bool TakesAll { get; init; }

    /// <summary>What a policy or a binding says; one that says nothing is about everything.</summary>
    public static MatchCriteria Of(V1MatchResources? match) => match is null ? Everything : new()
    {
        Rules = [.. (match.ResourceRules ?? []).Select(OperationRule.Of)],
        Excluded = [.. (match.ExcludeResourceRules ?? []).Select(OperationRule.Of)],
        Namespaces = LabelSelector.Of(match.NamespaceSelector ?? new V1LabelSelector()),
        Objects = LabelSelector.Of(match.ObjectSelector ?? new V1LabelSelector()),
        IsEquivalent = match.MatchPolicy == "Equivalent",
        TakesAll = match.ResourceRules is not { Count: > 0 },
    };

    /// <summary>The version in which a write is looked at; null when no rule is about it.</summary>
    public ResourceDefinition? Find(AdmissionAttributes attributes) =>
        Excluded.Count > 0 && Find(Excluded, attributes) is not null ? null
        : TakesAll ? attributes.Definition
        : Find(Rules, attributes);

    private ResourceDefinition? Find(IReadOnlyList<OperationRule> rules, AdmissionAttributes attributes)
    {
        var asked = Request(attributes, attributes.Definition);
        foreach (var rule in rules)
        {
            if (rule.Matches(asked))
            {
                return attributes.Definition;
            }
        }

        return IsEquivalent ? FindEquivalent(rules, attributes) : null;
    }

    private static ResourceDefinition? FindEquivalent(
        IReadOnlyList<OperationRule> rules, AdmissionAttributes attributes)
    {
        var versions = attributes.Definition.Of.Versions;
        if (versions.Count == 1)
        {
            return null;
        }

        var subresource = attributes.Subresource;
        foreach (var rule in rules)
        {
            foreach (var version in versions)
            {
                if (version != attributes.Definition && version.IsServed
                    && (subresource.Length == 0 || version.HasSubresource(subresource))
                    && rule.Matches(Request(attributes, version)))
                {
                    return version;
                }
            }
        }

        return null;
    }

    private static RequestedOperation Request(AdmissionAttributes attributes, ResourceDefinition version) => new(
        attributes.Operation.Word(), version.Name.Group, version.Version, version.Name.Plural,
        attributes.Subresource, RequestWords.NamespaceOf(attributes), attributes.Key.Name);
}
