using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.DynamicResources.Allocation;

/// <summary>
/// The search itself: claim by claim, request by request, device by device, with a step back whenever it goes no
/// further. The first solution is taken; alternatives are tried in their order, and devices of one request in the order
/// of pools, so that no two tries differ by order alone.
/// </summary>
internal sealed class DeviceSearch
{
    /// <summary>After so many candidates the search is given up: some ten milliseconds.</summary>
    public const int MaxSteps = 250_000;

    /// <summary>After each so many it is asked whether it takes too long.</summary>
    public const int StepsPerLook = 1024;

    private readonly IReadOnlyList<ClaimAsk> _claims;
    private readonly DeviceCandidates _candidates;
    private readonly Func<DeviceId, bool> _isAllocated;
    private readonly AttributeConstraint[][] _constraints;
    private readonly List<GivenDevice>[] _given;
    private readonly Dictionary<DeviceId, List<int>> _taken = [];
    private readonly CounterBook _counters;
    private readonly CapacityBook _capacity;
    private readonly Func<bool>? _isLate;
    private int _steps;

    public DeviceSearch(
        IReadOnlyList<ClaimAsk> claims,
        DeviceCandidates candidates,
        Func<DeviceId, bool> isAllocated,
        Func<DeviceId, IReadOnlyDictionary<string, Quantity>?> partsOf,
        Func<bool>? isLate)
    {
        _isLate = isLate;
        _claims = claims;
        _candidates = candidates;
        _isAllocated = isAllocated;
        _counters = new CounterBook(d => isAllocated(d) || partsOf(d) is not null);
        _capacity = new CapacityBook(partsOf);
        _constraints = [.. claims.Select(c => c.Constraints.Select(r => new AttributeConstraint(r)).ToArray())];
        _given = [.. claims.Select(_ => new List<GivenDevice>())];
    }

    /// <summary>What is wrong with a claim or class, when that ended the search.</summary>
    public string? Error { get; private set; }

    /// <summary>The search was given up.</summary>
    public bool IsOver => _steps > MaxSteps;

    private bool IsStopped => Error is not null || IsOver;

    /// <summary>The devices of each claim; null when there is no solution, or none was found in time.</summary>
    public IReadOnlyList<IReadOnlyList<GivenDevice>>? Run() => Give(0, 0) ? _given : null;

    private bool Give(int claim, int request)
    {
        if (claim == _claims.Count)
        {
            return true;
        }

        if (request == _claims[claim].Requests.Count)
        {
            return Give(claim + 1, 0);
        }

        foreach (var alternative in _claims[claim].Requests[request])
        {
            if (Give(new Place(claim, request, alternative), 0, 0))
            {
                return true;
            }

            if (IsStopped)
            {
                return false;
            }
        }

        return false;
    }

    /// <param name="place">What is being given.</param>
    /// <param name="count">How many devices it has.</param>
    /// <param name="start">Devices before this one were tried.</param>
    private bool Give(Place place, int count, int start)
    {
        var request = place.Request;
        var wanted = _candidates.CountOf(request);
        if (wanted == 0 || _given[place.Claim].Count + wanted - count > DeviceAllocator.MaxResults)
        {
            return false; // all devices are at least one
        }

        if (count == wanted)
        {
            return Give(place.Claim, place.Index + 1);
        }

        var offered = _candidates.Offered(request);
        var isAll = request.Mode == DeviceRequest.All;
        var end = isAll ? start + 1 : offered.Count;
        for (var i = start; i < end; i++)
        {
            if (!Take(place, offered[i], isAll))
            {
                if (IsStopped)
                {
                    return false;
                }

                continue;
            }

            if (Give(place, count + 1, i + 1))
            {
                return true;
            }

            GiveBack(place);
            if (IsStopped)
            {
                return false;
            }
        }

        return false;
    }

    private bool Take(Place place, GivenDevice candidate, bool isAll)
    {
        var (request, id) = (place.Request, candidate.Id);
        if (_steps++ % StepsPerLook == 0 && _isLate?.Invoke() == true)
        {
            _steps = MaxSteps + 1;
        }

        if (IsOver || IsTaken(place, id))
        {
            return false;
        }

        if (!isAll)
        {
            var (suits, error) = _candidates.Suits(candidate);
            Error = error;
            if (!suits)
            {
                return false;
            }
        }

        // Whoever has the first part of a device has used its counters.
        var usesCounters = !candidate.IsShared || !_capacity.IsShared(id);
        if (_capacity.Share(request, id, candidate.Device) is not { } share
            || !request.Tolerates(candidate.Device)
            || (usesCounters && !_counters.Take(candidate.Pool, candidate.Device)))
        {
            return false;
        }

        if (!Constrain(place, candidate))
        {
            if (usesCounters)
            {
                _counters.GiveBack(candidate.Pool, candidate.Device);
            }

            Error = isAll
                ? $"claim {_claims[place.Claim].Key}, request {request.Name}: cannot add device {id} " +
                    "because a claim constraint would not be satisfied"
                : null;
            return false;
        }

        Note(place, candidate, share);
        return true;
    }

    /// <summary>Never of shared devices, which are as free as their capacity is.</summary>
    private bool IsTaken(Place place, DeviceId id)
    {
        var takers = _taken.GetValueOrDefault(id);
        return place.Request.IsAdmin
            ? takers?.Contains(place.Claim) == true
            : takers is { Count: > 0 } || _isAllocated(id);
    }

    private void Note(Place place, GivenDevice candidate, IReadOnlyDictionary<string, Quantity> share)
    {
        if (candidate.IsShared)
        {
            _given[place.Claim].Add(candidate with { Share = share });
            _capacity.Take(candidate.Id, share);
            return;
        }

        _given[place.Claim].Add(candidate);
        if (!_taken.TryGetValue(candidate.Id, out var takers))
        {
            _taken[candidate.Id] = takers = [];
        }

        takers.Add(place.Claim);
    }

    private bool Constrain(Place place, GivenDevice candidate)
    {
        var constraints = _constraints[place.Claim];
        for (var i = 0; i < constraints.Length; i++)
        {
            if (!constraints[i].Add(place.Request, candidate.Id, candidate.Device))
            {
                foreach (var added in constraints.AsSpan(0, i))
                {
                    added.Remove(place.Request);
                }

                return false;
            }
        }

        return true;
    }

    private void GiveBack(Place place)
    {
        var candidate = _given[place.Claim][^1];
        foreach (var constraint in _constraints[place.Claim])
        {
            constraint.Remove(place.Request);
        }

        _given[place.Claim].RemoveAt(_given[place.Claim].Count - 1);
        if (candidate.IsShared)
        {
            _capacity.GiveBack(candidate.Id);
        }
        else
        {
            _taken[candidate.Id].Remove(place.Claim);
        }

        if (!candidate.IsShared || !_capacity.IsShared(candidate.Id))
        {
            _counters.GiveBack(candidate.Pool, candidate.Device);
        }
    }

    /// <summary>A request of a claim, and which of its alternatives is tried.</summary>
    private readonly record struct Place(int Claim, int Index, DeviceRequest Request);
}
