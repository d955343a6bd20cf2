using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling.Plugins;

/// <summary>The ResourceClaims of one pod while a node is sought for it.</summary>
public sealed class PodDevices : IPodRelations
{
    private static readonly Verdict NoDevices = new(
        DynamicResourcesPlugin.PluginName, false, "cannot allocate all claims");

    private static readonly Verdict Elsewhere = new(
        DynamicResourcesPlugin.PluginName, false, "resourceclaim not available on the node");

    private readonly DeviceAllocator? _allocator;
    private readonly List<Allocated> _allocated;
    private readonly Dictionary<string, (Verdict? Verdict, AllocationOutcome? Outcome)> _tried =
        new(StringComparer.Ordinal);

    public PodDevices(PodInfo pod, IReadOnlyList<Resourcev1ResourceClaim> claims, DeviceTable devices)
    {
        Pod = pod;
        _allocated = [.. claims.Where(c => c.Status?.Allocation is not null).Select(c => new Allocated(c))];
        var wanting = claims.Where(c => c.Status?.Allocation is null).ToList();
        _allocator = wanting.Count == 0 ? null : devices.Allocator(wanting);
    }

    public PodInfo Pod { get; }

    /// <summary>A claim whose devices are nowhere near a node that was tried, and that only the pod uses.</summary>
    public DeviceChoice? Misplaced => _allocated
        .Where(a => a.IsMisplaced && (a.Claim.Status.ReservedFor ?? []).All(r => r.Uid == Pod.Uid))
        .Select(a => new DeviceChoice(a.Claim.Key(), a.Claim.Metadata.Uid, null))
        .FirstOrDefault();

    /// <inheritdoc/>
    public Verdict? Filter(NodeInfo node)
    {
        if (!_tried.TryGetValue(node.Name, out var result))
        {
            _tried[node.Name] = result = Try(node);
        }

        return result.Verdict;
    }

    /// <inheritdoc/>
    public void Count(PodInfo other, NodeInfo node, int change)
    {
        // Devices belong to claims, and these outlive their pods: removing a pod frees none at once.
    }

    /// <inheritdoc/>
    public int[]? Score(ReadOnlySpan<NodeInfo> candidates) => null;

    /// <summary>What must be written for the claims on a node that the filter let through.</summary>
    public IReadOnlyList<DeviceChoice> Choose(NodeInfo node)
    {
        var (verdict, outcome) = _tried[node.Name];
        Invariant.Check(verdict is null, "the node was let through", Pod.Key);
        var reserved = _allocated.Where(a => !PodResourceClaims.IsReserved(Pod.Uid, a.Claim))
            .Select(a => new DeviceChoice(a.Claim.Key(), a.Claim.Metadata.Uid, null));
        var given = (_allocator?.Claims ?? []).Zip(outcome?.Allocations ?? [])
            .Select(p => new DeviceChoice(p.First.Key(), p.First.Metadata.Uid, p.Second));
        return [.. reserved, .. given];
    }

    private (Verdict? Verdict, AllocationOutcome? Outcome) Try(NodeInfo node)
    {
        var outcome = _allocator?.Allocate(new AllocationNode(node.Name, s => Matches(s, node)));
        if (outcome is { Error: { } error })
        {
            return (new Verdict(DynamicResourcesPlugin.PluginName, false, error) { IsError = true }, null);
        }

        if (outcome is { Allocations: null })
        {
            return (
                outcome.WhyNot is { } why ? new Verdict(DynamicResourcesPlugin.PluginName, false, why) : NoDevices,
                null);
        }

        var isElsewhere = false;
        foreach (var allocated in _allocated.Where(a => a.Nodes is not null && !Matches(a.Nodes, node)))
        {
            allocated.IsMisplaced = isElsewhere = true;
        }

        return (isElsewhere ? Elsewhere : null, outcome);
    }

    private static bool Matches(V1NodeSelector selector, NodeInfo node) =>
        (selector.NodeSelectorTerms ?? []).Any(t => NodeSelectorTerm.Of(t).Matches(node));

    private sealed class Allocated(Resourcev1ResourceClaim claim)
    {
        public Resourcev1ResourceClaim Claim => claim;

        public V1NodeSelector? Nodes => claim.Status.Allocation.NodeSelector;

        public bool IsMisplaced { get; set; }
    }
}
