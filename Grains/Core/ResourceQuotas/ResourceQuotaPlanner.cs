using k8s;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>All objects of one resource in the namespace of a quota.</summary>
public sealed record QuotaContent(ResourceName Resource, IEnumerable<IKubernetesObject<V1ObjectMeta>> Items);

/// <summary>Counts what is used of a quota, as upstream's <c>pkg/controller/resourcequota</c>.</summary>
public static class ResourceQuotaPlanner
{
    /// <summary>True for kinds whose objects quotas can bound.</summary>
    public static bool IsCounted(ResourceKind kind) =>
        kind.Namespaced && kind.Name != WellKnown.Events && kind.Name != WellKnown.GroupedEvents
        && new[] { "create", "list", "watch", "delete" }.All(v => kind.Verbs.Contains(v));

    /// <summary>True when a quota bounds anything of a resource.</summary>
    public static bool Bounds(V1ResourceQuota quota, ResourceName resource, DeviceSurroundings? devices = null) =>
        quota.Spec.Hard?.Keys.Any(QuotaEvaluator.For(resource, devices).Bounds) == true;

    /// <summary>The status to write; null when it is right.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="contents">The objects of every resource that it bounds anything of.</param>
    /// <param name="now">The time.</param>
    /// <param name="devices">What claims of devices depend on.</param>
    public static V1ResourceQuotaStatus? Compute(
        V1ResourceQuota quota, IEnumerable<QuotaContent> contents, DateTimeOffset now,
        DeviceSurroundings? devices = null)
    {
        var hard = quota.Spec.Hard ?? new Dictionary<string, ResourceQuantity>();
        var used = new Dictionary<string, Quantity>(StringComparer.Ordinal);
        foreach (var content in contents)
        {
            Count(quota, content, QuotaEvaluator.For(content.Resource, devices), now, used);
        }

        // What nothing can count keeps the number that somebody else wrote.
        var old = quota.Status?.Used ?? new Dictionary<string, ResourceQuantity>();
        var next = new V1ResourceQuotaStatus
        {
            Hard = hard,
            Used = hard.Keys.Where(n => used.ContainsKey(n) || old.ContainsKey(n)).ToDictionary(
                n => n, n => used.TryGetValue(n, out var amount) ? amount.ToModel() : old[n], StringComparer.Ordinal),
        };
        return quota.Status is { Hard: not null, Used: not null } status
            && QuotaAmounts.AreSame(status.Hard, hard)
            && QuotaAmounts.AreSame(status.Used, next.Used)
            ? null
            : next;
    }

    private static void Count(
        V1ResourceQuota quota, QuotaContent content, QuotaEvaluator evaluator, DateTimeOffset now,
        Dictionary<string, Quantity> used)
    {
        foreach (var name in quota.Spec.Hard.Keys.Where(evaluator.Bounds))
        {
            used.TryAdd(name, Quantity.Zero);
        }

        foreach (var item in content.Items.Where(i => evaluator.IsInScopes(quota, i)))
        {
            foreach (var (name, amount) in evaluator.Usage(item, now))
            {
                if (used.TryGetValue(name, out var sum))
                {
                    used[name] = sum + amount;
                }
            }
        }
    }
}
