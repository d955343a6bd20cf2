using k8s.Models;
using OrleansOrchestrator.Grains.Core.Pods;
using OrleansOrchestrator.Grains.DynamicResources.Allocation;
using OrleansOrchestrator.Grains.Scheduling.Framework;
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

    private static readonly Verdict HasLeft = new(
        DynamicResourcesPlugin.PluginName, false, "cannot schedule extended resource claim");

    private const int MaxScore = 100;

    /// <summary>So many alternatives a request may have.</summary>
    private const int MaxAlternatives = 8;

    private readonly DeviceTable _devices;
    private readonly DeviceLimits _limits;
    private readonly List<Resourcev1ResourceClaim> _wanting;
    private readonly List<Allocated> _allocated;
    private readonly Dictionary<string, (DeviceAllocator? Allocator, ExtendedClaim? Made)> _allocators =
        new(StringComparer.Ordinal);

    private readonly Dictionary<string, Attempt> _tried = new(StringComparer.Ordinal);

    public PodDevices(
        PodInfo pod, IReadOnlyList<Resourcev1ResourceClaim> claims, DeviceTable devices, DeviceLimits limits)
    {
        (Pod, _devices, _limits) = (pod, devices, limits);
        var latest = devices.Time.GetUtcNow() - limits.Preparation;
        _allocated = [.. claims.Where(c => c.Status?.Allocation is not null).Select(c => new Allocated(c, latest))];
        _wanting = [.. claims.Where(c => c.Status?.Allocation is null)];
        Left = devices.HasExtended(pod) && devices.Claims.Find(ExtendedClaims.KeyFor(pod)) is { } left
            ? new DeviceChoice(left.Key(), left.Metadata.Uid, null) { IsLeft = true }
            : null;
    }

    public PodInfo Pod { get; }

    /// <summary>What an attempt has made that did not get the pod to its node.</summary>
    public DeviceChoice? Left { get; }

    /// <summary>
    /// A claim that only the pod uses, and whose devices are nowhere near a node that was tried, or could not be
    /// prepared.
    /// </summary>
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
    public int[]? Score(ReadOnlySpan<NodeInfo> candidates)
    {
        var scores = new int[candidates.Length];
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = Preference(candidates[i]);
        }

        var highest = scores.Max();
        return highest == 0 ? null : Array.ConvertAll(scores, s => s * MaxScore / highest);
    }

    /// <summary>What must be written for the claims on a node that the filter let through.</summary>
    public IReadOnlyList<DeviceChoice> Choose(NodeInfo node)
    {
        var (verdict, outcome) = _tried[node.Name];
        var (allocator, made) = AllocatorFor(node);
        Invariant.Check(verdict is null, "the node was let through", Pod.Key);
        var reserved = _allocated.Where(a => a.IsAwaited || !PodResourceClaims.IsReserved(Pod.Uid, a.Claim))
            .Select(a => new DeviceChoice(a.Claim.Key(), a.Claim.Metadata.Uid, null) { IsAwaited = a.IsAwaited });
        var given = (allocator?.Claims ?? []).Zip(outcome?.Allocations ?? [])
            .Select(p => new DeviceChoice(p.First.Key(), p.First.Metadata.Uid, p.Second)
            {
                Made = ReferenceEquals(p.First, made?.Claim) ? made : null,
                IsAwaited = DevicePreparation.IsAwaited(p.Second),
            });
        return [.. reserved, .. given];
    }

    /// <summary>Of requests with alternatives, how early in their lists those are that the node has.</summary>
    private int Preference(NodeInfo node)
    {
        var score = 0;
        var given = _tried.GetValueOrDefault(node.Name)?.Outcome?.Allocations ?? [];
        foreach (var (claim, allocation) in (AllocatorFor(node).Allocator?.Claims ?? []).Zip(given))
        {
            var names = allocation.Devices.Results.Select(static r => r.Request).ToHashSet(StringComparer.Ordinal);
            score += claim.Spec.Devices.Requests.Where(static r => r.FirstAvailable is not null).Sum(
                r => r.FirstAvailable.Index()
                    .Where(a => names.Contains($"{r.Name}/{a.Item.Name}")).Sum(static a => MaxAlternatives - a.Index));
        }

        return score;
    }

    private Attempt Try(NodeInfo node)
    {
        if (Left is not null)
        {
            return new Attempt(HasLeft, null);
        }

        var outcome = AllocatorFor(node).Allocator?.Allocate(
            new AllocationNode(node.Name, s => Matches(s, node)), SearchLimit());
        if (outcome is { Error: { } error })
        {
            return new Attempt(
                new Verdict(DynamicResourcesPlugin.PluginName, false, error) { IsError = true }, null);
        }

        if (outcome is { Allocations: null })
        {
            return new Attempt(
                outcome.WhyNot is { } why ? new Verdict(DynamicResourcesPlugin.PluginName, false, why) : NoDevices,
                null);
        }

        var isElsewhere = false;
        foreach (var allocated in _allocated.Where(
            a => a.IsUnprepared || (a.Nodes is not null && !Matches(a.Nodes, node))))
        {
            allocated.IsMisplaced = isElsewhere = true;
        }

        return new Attempt(isElsewhere ? Elsewhere : null, outcome);
    }

    /// <summary>Says when a search that begins now has taken too long; null for never.</summary>
    private Func<bool>? SearchLimit()
    {
        if (_limits.Search == TimeSpan.Zero)
        {
            return null;
        }

        var started = _devices.Time.GetTimestamp();
        return () => _devices.Time.GetElapsedTime(started) >= _limits.Search;
    }

    /// <summary>Which extended resources must be devices depends on the node, but hardly differs among nodes.</summary>
    private (DeviceAllocator? Allocator, ExtendedClaim? Made) AllocatorFor(NodeInfo node)
    {
        var extended = _devices.ExtendedOn(node, Pod);
        var id = string.Join(' ', extended.Select(static r => r.Name));
        if (!_allocators.TryGetValue(id, out var known))
        {
            var made = extended.Count == 0 ? null : ExtendedClaims.New(Pod, extended, _devices.ClassFor);
            List<Resourcev1ResourceClaim> claims = made is null ? _wanting : [.. _wanting, made.Claim];
            _allocators[id] = known = (claims.Count == 0 ? null : _devices.Allocator(claims), made);
        }

        return known;
    }

    private static bool Matches(V1NodeSelector selector, NodeInfo node) =>
        (selector.NodeSelectorTerms ?? []).Any(t => NodeSelectorTerm.Of(t).Matches(node));

    /// <summary>What came of looking at a node.</summary>
    private sealed record Attempt(Verdict? Verdict, AllocationOutcome? Outcome);

    private sealed class Allocated(Resourcev1ResourceClaim claim, DateTimeOffset latest)
    {
        /// <summary>Its devices could not be prepared, or not in time.</summary>
        public bool IsUnprepared { get; } = DevicePreparation.IsAwaited(claim.Status.Allocation)
            && (DevicePreparation.Of(claim) is var (isDone, failure))
            && (failure is not null || (!isDone && DevicePreparation.IsOverdue(claim, latest)));

        /// <summary>Its devices must be prepared before the pod is bound.</summary>
        public bool IsAwaited => DevicePreparation.IsAwaited(claim.Status.Allocation);

        public Resourcev1ResourceClaim Claim => claim;

        public V1NodeSelector? Nodes => claim.Status.Allocation.NodeSelector;

        public bool IsMisplaced { get; set; }
    }
}
