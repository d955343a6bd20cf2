using System.Diagnostics.CodeAnalysis;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>The devices that a node reaches, and which of them suit which request.</summary>
public sealed class DeviceCandidates(
    IReadOnlyList<DevicePool> pools,
    AllocationNode node,
    DeviceMatcher matcher,
    Func<string, V1DeviceClass?> classes,
    Func<DeviceId, IReadOnlyDictionary<string, Quantity>?> partsOf)
{
    private readonly CapacityBook _capacity = new(partsOf);
    private readonly Dictionary<DeviceRequest, Prepared> _prepared = new(ReferenceEqualityComparer.Instance);

    /// <summary>
    /// The devices of pools that can be given away, in order; who searches goes through them once per device wanted.
    /// </summary>
    public IReadOnlyList<GivenDevice> Offered(DeviceRequest request) => _prepared[request].Offered;

    /// <summary>How many devices the request wants.</summary>
    public long CountOf(DeviceRequest request) => _prepared[request].Count;

    /// <summary>
    /// Must be called for a request before anything is asked about it. Returns what is wrong with it as such.
    /// </summary>
    public string? Prepare(ObjectKey claim, DeviceRequest request)
    {
        var what = $"claim {claim}, request {request.Name}";
        if (request.ClassName.Length == 0)
        {
            return $"{what}: missing device class name (unsupported request type?)";
        }

        if (classes(request.ClassName) is not { } ofRequest)
        {
            return $"{what}: could not retrieve device class {request.ClassName}: " +
                $"deviceclass.resource.k8s.io \"{request.ClassName}\" not found";
        }

        switch (request.Mode)
        {
            case DeviceRequest.ExactCount:
                var usable = pools.Where(p => p is { IsIncomplete: false, IsInvalid: false });
                return Remember(new Prepared(
                    [.. usable.SelectMany(p => Of(p, request))], request.Count, claim, ofRequest));
            case DeviceRequest.All:
                return TryFindAll(claim, request, ofRequest, out var all, out var error)
                    ? Remember(new Prepared(all, all.Count, claim, ofRequest))
                    : error;
            default:
                return $"{what}: unsupported count mode {request.Mode}";
        }

        string? Remember(Prepared prepared)
        {
            _prepared[request] = prepared;
            return null;
        }
    }

    /// <summary>An error when a selector cannot be evaluated.</summary>
    public (bool Suits, string? Error) Suits(GivenDevice candidate)
    {
        var (claim, ofRequest) = (_prepared[candidate.Request].Claim, _prepared[candidate.Request].Class);
        return matcher.Matches(claim, candidate.Request, ofRequest, candidate.Id, candidate.Device) is var result
            && result.Matches
                ? (IsReached(candidate), null)
                : result;
    }

    private bool TryFindAll(
        ObjectKey claim,
        DeviceRequest request,
        V1DeviceClass ofRequest,
        [NotNullWhen(true)] out List<GivenDevice>? all,
        [NotNullWhen(false)] out string? error)
    {
        all = null;
        var found = new List<GivenDevice>();
        foreach (var pool in pools)
        {
            if (pool.IsIncomplete || pool.IsInvalid)
            {
                error = $"claim {claim}, request {request.Name}: asks for all devices, but resource pool {pool} " +
                    $"is currently {(pool.IsIncomplete ? "being updated" : "invalid")}";
                return false;
            }

            foreach (var device in Of(pool, request))
            {
                var (matches, failure) = matcher.Matches(claim, request, ofRequest, device.Id, device.Device);
                if (failure is not null)
                {
                    error = failure;
                    return false;
                }

                if (matches && IsReached(device)
                    && _capacity.Share(request, device.Id, device.Device) is not null)
                {
                    found.Add(device);
                }
            }
        }

        (all, error) = (found, null);
        return true;
    }

    private static IEnumerable<GivenDevice> Of(DevicePool pool, DeviceRequest request) =>
        from slice in pool.Slices
        from device in slice.Spec.Devices ?? []
        select new GivenDevice(request, pool, slice, device);

    private bool IsReached(GivenDevice given) => given.Slice.Spec.PerDeviceNodeSelection != true
        || node.Reaches(given.Device.NodeName, given.Device.AllNodes, given.Device.NodeSelector);

    /// <param name="Offered">For all devices, those that suit; else any.</param>
    /// <param name="Count">How many are wanted.</param>
    /// <param name="Claim">Whose request it is.</param>
    /// <param name="Class">The request's.</param>
    private sealed record Prepared(
        IReadOnlyList<GivenDevice> Offered, long Count, ObjectKey Claim, V1DeviceClass Class);
}
