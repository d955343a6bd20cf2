using k8s.Models;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// Finds devices for the claims of a pod, node by node. What does not depend on the node is found out once, so an
/// allocator serves one attempt to schedule one pod. Pure, but for the ids of parts of devices.
/// </summary>
public sealed class DeviceAllocator
{
    /// <summary>As many devices as a claim may have.</summary>
    public const int MaxResults = 32;

    private readonly IReadOnlyList<ClaimAsk> _claims;
    private readonly SliceIndex _slices;
    private readonly Func<string, V1DeviceClass?> _classes;
    private readonly Func<DeviceId, bool> _isAllocated;
    private readonly Func<DeviceId, IReadOnlyDictionary<string, Quantity>?> _partsOf;
    private readonly DeviceMatcher _matcher;

    /// <param name="claims">To be given devices, all together or none.</param>
    /// <param name="slices">What there is.</param>
    /// <param name="classes">Classes by name.</param>
    /// <param name="isAllocated">
    /// The devices that other claims have to themselves, but for those that only administer them.
    /// </param>
    /// <param name="partsOf">What other claims have of a shared device; null when none has a part of it.</param>
    /// <param name="selectors">Compiled selectors.</param>
    public DeviceAllocator(
        IEnumerable<Resourcev1ResourceClaim> claims,
        SliceIndex slices,
        Func<string, V1DeviceClass?> classes,
        Func<DeviceId, bool> isAllocated,
        Func<DeviceId, IReadOnlyDictionary<string, Quantity>?> partsOf,
        SelectorCache selectors)
    {
        _claims = [.. claims.Select(c => new ClaimAsk(c))];
        _slices = slices;
        _classes = classes;
        _isAllocated = isAllocated;
        _partsOf = partsOf;
        _matcher = new DeviceMatcher(selectors);
    }

    /// <summary>The claims, in the order of allocations.</summary>
    public IEnumerable<Resourcev1ResourceClaim> Claims => _claims.Select(c => c.Claim);

    /// <param name="node">Where.</param>
    /// <param name="isLate">Whether a search has taken too long; null for one that may take its time.</param>
    public AllocationOutcome Allocate(AllocationNode node, Func<bool>? isLate = null)
    {
        var pools = _slices.PoolsFor(node);
        var candidates = new DeviceCandidates(pools, node, _matcher, _classes, _partsOf);
        foreach (var claim in _claims)
        {
            if (Unusable(claim, candidates) is { } error)
            {
                return new AllocationOutcome(null, Error: error);
            }
        }

        var search = new DeviceSearch(_claims, candidates, _isAllocated, _partsOf, isLate);
        var given = search.Run();
        return given is not null
            ? Assemble(node, given)
            : search.Error is not null
                ? new AllocationOutcome(null, Error: search.Error)
                : new AllocationOutcome(null, search.IsOver ? "timed out trying to allocate devices"
                    : pools.Any(p => p.IsInvalid) ? "invalid resource pools were encountered"
                    : null);
    }

    private AllocationOutcome Assemble(AllocationNode node, IReadOnlyList<IReadOnlyList<GivenDevice>> given)
    {
        var results = new V1AllocationResult[_claims.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var (result, error) = AllocationResults.Of(_claims[i].Claim, given[i], node, _classes);
            if (error is not null)
            {
                return new AllocationOutcome(
                    null, Error: $"create NodeSelector for claim {_claims[i].Key.Name}: {error}");
            }

            results[i] = result!;
        }

        return new AllocationOutcome(results);
    }

    /// <summary>What is wrong with a claim as such, wherever its pod goes.</summary>
    private static string? Unusable(ClaimAsk claim, DeviceCandidates candidates)
    {
        var least = 0L;
        foreach (var alternatives in claim.Requests)
        {
            var fewest = long.MaxValue;
            foreach (var request in alternatives)
            {
                if (candidates.Prepare(claim.Key, request) is { } error)
                {
                    return error;
                }

                fewest = Math.Min(fewest, candidates.CountOf(request));
            }

            least += alternatives.Count == 0 ? 0 : fewest;
        }

        if (least > MaxResults)
        {
            return $"claim {claim.Key}: number of requested devices {least} exceeds the claim limit of {MaxResults}";
        }

        var empty = claim.Constraints.Index().FirstOrDefault(
            c => c.Item is { MatchAttribute: null, DistinctAttribute: null }, (-1, null!)).Index;
        return empty < 0
            ? null
            : $"claim {claim.Key}, constraint #{empty}: empty constraint (unsupported constraint type?)";
    }
}
