using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Grains.Scheduling.Framework;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>
/// ResourceClaims of a pod: those that have devices must be usable on the node, and for those that have none there must
/// be devices that the node reaches. It looks last, for it looks longest.
/// </summary>
/// <param name="devices">What there is.</param>
/// <param name="limits">How long it may take; null for as long as upstream allows.</param>
public sealed class DynamicResourcesPlugin(DeviceTable devices, DeviceLimits? limits = null)
    : IPreEnqueuePlugin, IPreFilterPlugin, IRelationPlugin
{
    public const string PluginName = "DynamicResources";

    /// <summary>So many may use one claim.</summary>
    private const int MaxUsers = 256;

    private readonly DeviceLimits _limits = limits ?? new();
    private PodDevices? _current;

    public string Name => PluginName;

    public int Weight => 1;

    public bool MindsPods => false;

    /// <summary>What a node has of its own need not be devices.</summary>
    public ClusterChanges HelpfulChanges =>
        ClusterChanges.NodeAdded | ClusterChanges.NodeLabels | ClusterChanges.NodeAllocatable;

    /// <summary>False of a pod that no device can help, because it wants none.</summary>
    public bool Wants(PodInfo pod) => pod.DeviceClaims.Length > 0 || devices.HasExtended(pod);

    /// <summary>A pod whose claims are not all there is not tried, and nothing is told of it.</summary>
    public bool Allows(PodInfo pod)
    {
        foreach (var use in pod.DeviceClaims)
        {
            if (WhyNot(pod, use) is not null)
            {
                return false;
            }
        }

        return true;
    }

    public PreFilterResult PreFilter(PodInfo pod)
    {
        foreach (var use in pod.DeviceClaims)
        {
            if ((WhyNot(pod, use) ?? Unusable(pod, use)) is { } why)
            {
                return new PreFilterResult(new Verdict(Name, false, why), null);
            }
        }

        return pod.Shape.Extended.Length > 0 && devices.Claims.IsPending(ExtendedClaims.PendingUid(pod.Uid))
            ? new PreFilterResult(new Verdict(Name, false, IsBeingAllocated(ExtendedClaims.KeyFor(pod))), null)
            : new PreFilterResult(null, null);
    }

    public bool IsHelpedBy(PodChange change, PodInfo old, PodInfo pod) => change == PodChange.Claims;

    public IPodRelations? Prepare(PodInfo pod, NodeInfo[] nodes) =>
        _current = Wants(pod) ? Prepare(pod) : null;

    private static string IsBeingAllocated(ObjectKey claim) =>
        $"resource claim {claim} is in the process of being allocated";

    private PodDevices? Prepare(PodInfo pod)
    {
        var claims = pod.DeviceClaims.Select(u => devices.Claims.Find(u.Key(pod))).OfType<Resourcev1ResourceClaim>()
            .Distinct().ToList();
        return claims.Count == 0 && !devices.HasExtended(pod) ? null : new PodDevices(pod, claims, devices, _limits);
    }

    /// <summary>
    /// What must be written for the claims of a pod on a node that was let through; of that, the devices are taken.
    /// </summary>
    public IReadOnlyList<DeviceChoice> Reserve(PodInfo pod, NodeInfo node)
    {
        if (Of(pod) is not { } current)
        {
            return [];
        }

        var choices = current.Choose(node);
        foreach (var choice in choices.Where(c => c.Allocation is not null))
        {
            devices.Claims.Assume(pod, choice);
        }

        return choices;
    }

    /// <summary>
    /// What the pod might give back so that it fits somewhere, in upstream's words, and of which claim.
    /// </summary>
    public (string Text, DeviceChoice? Claim) Deallocate(PodInfo pod) => Of(pod) is not { } current
        ? (Diagnosis.NothingToDeallocate, null)
        : current.Left is { } left ? ("deletion of ResourceClaim completed", left)
        : current.Misplaced is { } claim
            ? ("deallocation of ResourceClaim completed", claim)
            : ("still not schedulable", null);

    private PodDevices? Of(PodInfo pod) => ReferenceEquals(_current?.Pod, pod) ? _current : null;

    /// <summary>Why a claim is not there for the pod.</summary>
    private string? WhyNot(PodInfo pod, DeviceClaimUse use)
    {
        var key = use.Key(pod);
        return use.Claim is null ? $"pod \"{pod.Key}\": ResourceClaim not created yet"
            : use.Claim.Length == 0 ? null
            : devices.Claims.Find(key) is not { } claim ? $"could not find ResourceClaim \"{key}\""
            : claim.Metadata.DeletionTimestamp is not null ? $"resourceclaim \"{key.Name}\" is being deleted"
            : use.IsMade && !PodResourceClaims.IsOwn(pod.Uid, claim)
                ? $"ResourceClaim {key} was not created for pod {pod.Key} (pod is not owner)"
            : null;
    }

    /// <summary>Why no node will do.</summary>
    private string? Unusable(PodInfo pod, DeviceClaimUse use)
    {
        if (devices.Claims.Find(use.Key(pod)) is not { } claim)
        {
            return null;
        }

        if (claim.Status?.Allocation is not null)
        {
            return claim.Status.ReservedFor?.Count >= MaxUsers && !PodResourceClaims.IsReserved(pod.Uid, claim)
                ? "resourceclaim in use"
                : null;
        }

        return devices.Claims.IsPending(claim.Metadata.Uid)
            ? IsBeingAllocated(use.Key(pod))
            : (claim.Spec.Devices?.Requests ?? []).SelectMany(DeviceRequest.Alternatives)
                .Where(r => devices.Class(r.ClassName) is null)
                .Select(r => $"request {r.FullName}: device class {r.ClassName} does not exist")
                .FirstOrDefault();
    }
}
