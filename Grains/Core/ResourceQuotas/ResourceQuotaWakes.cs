using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Core.ResourceQuotas;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.ResourceQuotas;

/// <summary>
/// What wakes a ResourceQuota: a change of its limits, and what frees something of it. What is created does not: it was
/// charged before, and a count that misses what is being created would give back what was charged.
/// </summary>
internal static class ResourceQuotaWakes
{
    public static readonly WakeRegistration Registration =
        new(ResourceQuotaReconciler.Controller, WellKnown.ResourceQuotas, Follows);

    private static IReadOnlyList<Followed> Follows()
    {
        var quotas = new Dictionary<string, Dictionary<ObjectKey, V1ResourceQuota>>(StringComparer.Ordinal);
        return
        [
            .. BuiltInResources.Table.Kinds.Where(ResourceQuotaPlanner.IsCounted).Select(
                kind => new Followed(kind.Name, (change, keys) =>
                {
                    if (kind.Name == WellKnown.ResourceQuotas)
                    {
                        File(quotas, change, keys);
                    }

                    if (IsFreeing(kind.Name, change))
                    {
                        AddQuotas(quotas, QuotaEvaluator.For(kind.Name), change.Object.Key.Namespace, keys);
                    }
                })),
        ];
    }

    private static void File(
        Dictionary<string, Dictionary<ObjectKey, V1ResourceQuota>> quotas,
        ResourceChange change,
        ICollection<ObjectKey> keys)
    {
        var key = change.Object.Key;
        if (!quotas.TryGetValue(key.Namespace, out var home))
        {
            quotas[key.Namespace] = home = [];
        }

        if (change.Kind == ChangeKind.Deleted)
        {
            home.Remove(key);
            return;
        }

        var quota = change.Object.As<V1ResourceQuota>();
        if (!home.TryGetValue(key, out var before) || !QuotaAmounts.AreSame(before.Spec.Hard, quota.Spec.Hard))
        {
            keys.Add(key);
        }

        home[key] = quota;
    }

    /// <summary>True if less may be used now than before.</summary>
    private static bool IsFreeing(ResourceName resource, ResourceChange change)
    {
        if (change.Kind == ChangeKind.Deleted)
        {
            return true;
        }

        if (change.Previous is not { } before)
        {
            return false;
        }

        return resource == WellKnown.Services || resource == WellKnown.PersistentVolumeClaims
            || resource == WellKnown.ResourceClaims
            || (resource == WellKnown.Pods
                && (PodFacts.Of(change.Object).IsFinished != PodFacts.Of(before).IsFinished
                    || change.Object.Metadata.Generation != before.Metadata.Generation));
    }

    private static void AddQuotas(
        Dictionary<string, Dictionary<ObjectKey, V1ResourceQuota>> quotas,
        QuotaEvaluator evaluator,
        string inNamespace,
        ICollection<ObjectKey> keys)
    {
        foreach (var (key, quota) in quotas.GetValueOrDefault(inNamespace) ?? [])
        {
            if (quota.Spec.Hard?.Keys.Any(evaluator.Bounds) == true)
            {
                keys.Add(key);
            }
        }
    }
}
