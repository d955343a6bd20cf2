using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>
/// What may be used only where a quota covers it (upstream's <c>limitedResources</c>): in a namespace without one,
/// nobody may use it.
/// </summary>
/// <param name="Resources">Each of them counts; none limits nothing.</param>
public sealed record QuotaLimits(IReadOnlyList<LimitedResource> Resources)
{
    public static readonly QuotaLimits None = new([]);

    /// <summary>What quotas do not cover; null when all is covered.</summary>
    /// <param name="evaluator">Says what quotas can bound of the object.</param>
    /// <param name="item">The object, which uses something.</param>
    /// <param name="usage">How much.</param>
    /// <param name="quotas">All quotas of the namespace.</param>
    /// <param name="counting">Those of them that count the object.</param>
    internal QuotaCharge? Uncovered(
        QuotaEvaluator evaluator, IKubernetesObject<V1ObjectMeta> item,
        IReadOnlyDictionary<string, Quantity> usage, IReadOnlyList<V1ResourceQuota> quotas,
        IReadOnlyList<V1ResourceQuota> counting)
    {
        var covered = counting.SelectMany(static q => q.Status.Hard.Keys).Where(evaluator.Bounds);
        var names = Names(evaluator.Resource, usage).Except(covered, StringComparer.Ordinal)
            .Order(StringComparer.Ordinal).ToList();
        if (names.Count > 0)
        {
            return new QuotaCharge($"insufficient quota to consume: {string.Join(',', names)}", []);
        }

        var known = quotas.SelectMany(q => evaluator.Matching(QuotaEvaluator.ScopesOf(q), item))
            .Select(static s => s.ScopeName).ToHashSet(StringComparer.Ordinal);
        var scopes = Resources.SelectMany(r => evaluator.Matching(r.MatchScopes, item))
            .Where(s => !known.Contains(s.ScopeName)).Select(Shown).ToList();
        return scopes.Count == 0
            ? null
            : new QuotaCharge($"insufficient quota to match these scopes: [{string.Join(' ', scopes)}]", [])
            {
                IsFailure = true,
            };
    }

    /// <summary>Of what is used, that which is limited.</summary>
    private IEnumerable<string> Names(ResourceName resource, IReadOnlyDictionary<string, Quantity> usage) => Resources
        .Where(r => r.Resource == resource)
        .SelectMany(r => usage.Where(static u => u.Value.Sign > 0).Select(static u => u.Key)
            .Where(name => r.MatchContains.Any(part => name.Contains(part, StringComparison.Ordinal))));

    /// <summary>A scope as Go prints it.</summary>
    private static string Shown(V1ScopedResourceSelectorRequirement scope) =>
        $"{{{scope.ScopeName} {scope.OperatorProperty} [{string.Join(' ', scope.Values ?? [])}]}}";
}

/// <summary>What is limited of one resource.</summary>
/// <param name="Resource">Which.</param>
/// <param name="MatchContains">Parts of names of quotas: what has one in its name is limited.</param>
/// <param name="MatchScopes">Objects in one of these scopes are limited.</param>
public sealed record LimitedResource(
    ResourceName Resource, IReadOnlyList<string> MatchContains,
    IReadOnlyList<V1ScopedResourceSelectorRequirement> MatchScopes);
