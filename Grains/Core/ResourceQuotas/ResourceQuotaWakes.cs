using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.Reconciling;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
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
            new Followed(WellKnown.ResourceQuotas, (change, keys) =>
            {
                File(quotas, change, keys);
                AddFreed(quotas, WellKnown.ResourceQuotas, change, keys);
            })
            {
                Others = new FollowedKinds(
                    static kind => ResourceQuotaPlanner.IsCounted(kind) && kind.Name != WellKnown.ResourceQuotas,
                    (resource, change, keys) => AddFreed(quotas, resource, change, keys)),
            },
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
            || (resource == WellKnown.Pods && IsFreeing(PodFacts.Of(before), PodFacts.Of(change.Object)));
    }

    /// <summary>Models are decoded only for the few changes that may be of resources: pods are written often.</summary>
    private static bool IsFreeing(PodFacts before, PodFacts now) =>
        now.IsFinished != before.IsFinished
        || (now.IsResizeInVain && !before.IsResizeInVain)
        || now.Item.Metadata.Generation != before.Item.Metadata.Generation
        || (now.ResourcesHash != before.ResourcesHash
            && OccupiedResources.HaveChanged(before.Item.As<V1Pod>(), now.Item.As<V1Pod>()));

    /// <summary>Adds the quotas of which a change frees something.</summary>
    private static void AddFreed(
        Dictionary<string, Dictionary<ObjectKey, V1ResourceQuota>> quotas,
        ResourceName resource,
        ResourceChange change,
        ICollection<ObjectKey> keys)
    {
        if (!quotas.TryGetValue(change.Object.Key.Namespace, out var home) || home.Count == 0
            || !IsFreeing(resource, change))
        {
            return;
        }

        var evaluator = QuotaEvaluator.For(resource);
        foreach (var (key, quota) in home)
        {
            if (quota.Spec.Hard?.Keys.Any(evaluator.Bounds) == true)
            {
                keys.Add(key);
            }
        }
    }
}
