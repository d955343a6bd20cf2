using k8s.Models;
using OrleansOrchestrator.Resources.Core.ConfigMaps;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Storage.CsiStorageCapacities;

/// <summary>The rules of CSIStorageCapacities: what was asked never changes, only what there is.</summary>
public sealed class CsiStorageCapacityStrategy : ResourceStrategy<V1CSIStorageCapacity>
{
    private static readonly FieldPath TopologyPath = FieldPath.Of("nodeTopology");
    private static readonly FieldPath ClassPath = FieldPath.Of("storageClassName");

    public override bool AllowUnconditionalUpdate => false;

    public override void SetDefaults(V1CSIStorageCapacity item) => ModelShape.Normalize(item);

    public override void Validate(V1CSIStorageCapacity item, FieldErrors errors)
    {
        LabelSelectorRules.Validate(item.NodeTopology, TopologyPath, errors);
        var name = item.StorageClassName ?? "";
        errors.InvalidEach(ClassPath, name, NameRules.DnsSubdomain(name));
        if (item.Capacity is not null && Quantity.Of(item.Capacity) is { Sign: < 0 } capacity)
        {
            errors.Invalid(FieldPath.Of("capacity"), capacity.ToString(), FieldErrors.NotNegative);
        }
    }

    public override void ValidateUpdate(
        V1CSIStorageCapacity item, V1CSIStorageCapacity old, string subresource, FieldErrors errors)
    {
        ObjectMetaRules.ValidateCreate(item.Metadata, namespaced: true, ValidateName, errors);
        Validate(item, errors);
        if (!ModelShape.SemanticEquals(item.NodeTopology, old.NodeTopology))
        {
            errors.Invalid(TopologyPath, InternalForm.Shown(item.NodeTopology), FieldErrors.IsImmutable);
        }

        errors.Immutable(ClassPath, item.StorageClassName, old.StorageClassName);
    }

    public override IEnumerable<string> Warnings(V1CSIStorageCapacity item, V1CSIStorageCapacity? old)
    {
        for (var i = 0; i < (item.NodeTopology?.MatchExpressions?.Count ?? 0); i++)
        {
            var key = item.NodeTopology!.MatchExpressions[i].Key;
            if (PodWarnings.NodeLabel(key) is { } message)
            {
                yield return $"{TopologyPath.Child("matchExpressions").Index(i).Child("key")}: {key} is {message}";
            }
        }

        foreach (var (key, _) in ConfigMapStrategy.Sorted(item.NodeTopology?.MatchLabels))
        {
            if (PodWarnings.NodeLabel(key) is { } message)
            {
                yield return $"{TopologyPath.Child("matchLabels", key)}: {message}";
            }
        }
    }
}
