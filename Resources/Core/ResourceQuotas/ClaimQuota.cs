using k8s;
using k8s.Models;
using OrleansOrchestrator.Resources.Core.PersistentVolumes;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.ResourceQuotas;

/// <summary>Claims: how many, and how much storage they ask for, in all and of one class.</summary>
internal sealed class ClaimQuota() : QuotaEvaluator(WellKnown.PersistentVolumeClaims)
{
    private const string Claims = "persistentvolumeclaims";
    private const string Storage = "requests.storage";
    private const string OfClass = ".storageclass.storage.k8s.io/";

    public override bool Bounds(string name) =>
        name is Claims or Storage || name == CountName
        || name.EndsWith(OfClass + Claims, StringComparison.Ordinal)
        || name.EndsWith(OfClass + Storage, StringComparison.Ordinal);

    public override Dictionary<string, Quantity> Usage(
        IKubernetesObject<V1ObjectMeta> item, DateTimeOffset? now = null)
    {
        var claim = (V1PersistentVolumeClaim)item;
        var ofClass = claim.GetAnnotation(PersistentVolumeStrategy.BetaClassAnnotation) ?? claim.Spec.StorageClassName;
        var usage = new Dictionary<string, Quantity>(StringComparer.Ordinal) { [CountName] = Quantity.Parse("1") };
        Add(Claims, Quantity.Parse("1"));
        if (SizeOf(claim) is { } size)
        {
            Add(Storage, size);
        }

        return usage;

        void Add(string name, Quantity amount)
        {
            usage[name] = amount;
            if (!string.IsNullOrEmpty(ofClass))
            {
                usage[ofClass + OfClass + name] = amount;
            }
        }
    }

    /// <summary>True when nothing of its status makes a claim count for something else.</summary>
    public static bool IsSame(V1PersistentVolumeClaim old, V1PersistentVolumeClaim claim) =>
        SizeOf(old) == SizeOf(claim) && ClassesOf(old).SetEquals(ClassesOf(claim));

    protected override bool IsIn(V1ScopedResourceSelectorRequirement scope, IKubernetesObject<V1ObjectMeta> item) =>
        scope.ScopeName == QuotaScopes.VolumeAttributesClass
        && Selects(scope, ClassesOf((V1PersistentVolumeClaim)item));

    /// <summary>The VolumeAttributesClasses that a claim has, wants or is about to get.</summary>
    private static HashSet<string> ClassesOf(V1PersistentVolumeClaim claim)
    {
        string?[] classes =
        [
            claim.Spec.VolumeAttributesClassName,
            claim.Status?.CurrentVolumeAttributesClassName,
            claim.Status?.ModifyVolumeStatus?.TargetVolumeAttributesClassName,
        ];
        return [.. classes.OfType<string>().Where(static c => c.Length > 0)];
    }

    /// <summary>What is asked for, or what is being allocated, whichever is more, in whole bytes.</summary>
    private static Quantity? SizeOf(V1PersistentVolumeClaim claim)
    {
        if (claim.Spec.Resources?.Requests?.TryGetValue("storage", out var request) != true)
        {
            return null;
        }

        var size = Quantity.Of(request);
        return (claim.Status?.AllocatedResources?.TryGetValue("storage", out var allocated) == true
            && Quantity.Of(allocated) is var more && more > size ? more : size).RoundUp();
    }
}
