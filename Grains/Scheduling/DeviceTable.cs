using k8s.Models;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Pods;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Devices that drivers offer, classes of them, and the claims that have or want them.</summary>
public sealed class DeviceTable
{
    private readonly ObjectTable<V1DeviceClass> _classes = new(static o => o.As<V1DeviceClass>());
    private readonly SliceTable _slices = new();
    private readonly SelectorCache _selectors = new();

    public DeviceClaimTable Claims { get; } = new();

    /// <summary>By which devices are prepared too late.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>What the table is made of, but for the claims.</summary>
    public IEnumerable<(ResourceName Resource, IObjectTable Table)> Tables =>
        [(WellKnown.DeviceClasses, _classes), (WellKnown.ResourceSlices, _slices)];

    public V1DeviceClass? Class(string name) => _classes.Find(name);

    /// <summary>
    /// The class whose devices an extended resource stands for, the newest of several; null when it stands for none.
    /// </summary>
    public string? ClassFor(string resource)
    {
        if (ResourceNames.IsDeviceClass(resource)
            && Class(resource[ResourceNames.DeviceClassPrefix.Length..]) is { } named)
        {
            return named.Metadata.Name;
        }

        return _classes.All.Where(c => c.Spec.ExtendedResourceName == resource)
            .OrderByDescending(static c => c.Metadata.CreationTimestamp)
            .ThenBy(static c => c.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault()?.Metadata.Name;
    }

    /// <summary>True for a pod with extended resources that are devices, where a node has none of its own.</summary>
    public bool HasExtended(PodInfo pod) => pod.Shape.Extended.Length > 0
        && Array.Exists(pod.Shape.Extended, r => ClassFor(r.Resource) is not null);

    /// <summary>What of a pod's extended resources must be devices on a node.</summary>
    public IReadOnlyList<ExtendedRequest> ExtendedOn(NodeInfo node, PodInfo pod) => Array.FindAll(
        pod.Shape.Extended, r => node.AllocatableScalar(r.Scalar) == 0 && ClassFor(r.Resource) is not null);

    /// <summary>Who finds devices for claims that have none.</summary>
    public DeviceAllocator Allocator(IEnumerable<Resourcev1ResourceClaim> claims) =>
        new(claims, _slices.Index, Class, Claims.IsAllocated, Claims.PartsOf, _selectors);

    private sealed class SliceTable : IObjectTable
    {
        public SliceIndex Index { get; } = new();

        public void Apply(ChangeKind kind, ResourceObject item)
        {
            if (kind == ChangeKind.Deleted)
            {
                Index.Remove(item.Key.Name);
            }
            else
            {
                Index.Set(item.As<V1ResourceSlice>());
            }
        }

        public void KeepOnly(IReadOnlySet<ObjectKey> present)
        {
            foreach (var gone in Index.Names.Where(n => !present.Contains(new ObjectKey("", n))).ToArray())
            {
                Index.Remove(gone);
            }
        }
    }
}
