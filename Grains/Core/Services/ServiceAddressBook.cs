using k8s.Models;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>A promise to a write that is under way.</summary>
[GenerateSerializer, Immutable, Alias("orch.service-address-reservation")]
public sealed record ServiceAddressReservation
{
    [Id(0)]
    public required string Id { get; init; }

    [Id(1)]
    public required ObjectKey Service { get; init; }

    /// <summary>Empty when no cluster address was needed.</summary>
    [Id(2)]
    public string ClusterIP { get; init; } = "";

    [Id(3)]
    public IReadOnlyList<int> NodePorts { get; init; } = [];

    [Id(4)]
    public required DateTimeOffset Since { get; init; }
}

/// <summary>
/// Who has which cluster address and node port: live Services, as the journal tells them in order, and reservations for
/// writes under way. An address is free only when neither has it.
/// </summary>
internal sealed class ServiceAddressBook(ServiceAddressRange range, Random random)
{
    private readonly Dictionary<ObjectKey, Holding> _live = [];
    private readonly Dictionary<int, HashSet<ObjectKey>> _liveIps = [];
    private readonly Dictionary<int, HashSet<ObjectKey>> _livePorts = [];
    private readonly Dictionary<string, ServiceAddressReservation> _reservations = new(StringComparer.Ordinal);

    private sealed record Holding(int? Ip, int[] Ports);

    /// <summary>All reservations, for the durable state.</summary>
    public IReadOnlyCollection<ServiceAddressReservation> Reservations => _reservations.Values;

    /// <summary>Takes over reservations of an earlier activation.</summary>
    public void Restore(IEnumerable<ServiceAddressReservation> reservations)
    {
        foreach (var reservation in reservations)
        {
            _reservations[reservation.Id] = reservation;
        }
    }

    /// <summary>Forgets all live Services, before the journal is read anew.</summary>
    public void Clear()
    {
        _live.Clear();
        _liveIps.Clear();
        _livePorts.Clear();
    }

    /// <summary>
    /// A Service as it is now. Returns another Service that has the same cluster address, which must not happen and is
    /// worth an alarm.
    /// </summary>
    public ObjectKey? See(ObjectKey key, V1ServiceSpec spec)
    {
        Forget(key);
        var holding = new Holding(range.OffsetOf(spec.ClusterIP ?? ""), [.. PortsOf(spec)]);
        _live[key] = holding;
        Array.ForEach(holding.Ports, port => Add(_livePorts, port, key));
        if (holding.Ip is not { } ip)
        {
            return null;
        }

        Add(_liveIps, ip, key);
        return Other(_liveIps[ip], key);
    }

    /// <summary>A Service that was deleted.</summary>
    public void SeeGone(ObjectKey key) => Forget(key);

    /// <summary>Reserves all or nothing.</summary>
    public ServiceAddressAnswer Reserve(ServiceAddressRequest request, DateTimeOffset now)
    {
        string? address = null;
        if (request.ClusterIP is { } wanted && TakeIp(wanted, request.Service, out address) is { } refusal)
        {
            return refusal;
        }

        var ports = new List<int>();
        for (var i = 0; i < request.NodePorts.Count; i++)
        {
            if (TakePort(request.NodePorts[i], request.Service, ports) is { } refused)
            {
                return refused with { RefusedNodePort = i };
            }
        }

        _reservations[request.Reservation] = new ServiceAddressReservation
        {
            Id = request.Reservation, Service = request.Service, ClusterIP = address ?? "", NodePorts = ports,
            Since = now,
        };
        return new ServiceAddressAnswer { ClusterIP = address, NodePorts = ports };
    }

    /// <summary>Ends a reservation, since its write has ended one way or the other.</summary>
    public void Release(string reservation) => _reservations.Remove(reservation);

    /// <summary>Ends reservations whose write can no longer be under way.</summary>
    public void ReleaseOlderThan(DateTimeOffset time)
    {
        foreach (var reservation in _reservations.Values.Where(r => r.Since < time).ToList())
        {
            _reservations.Remove(reservation.Id);
        }
    }

    private ServiceAddressAnswer? TakeIp(string wanted, ObjectKey service, out string? address)
    {
        address = null;
        if (wanted.Length == 0)
        {
            var free = FindFree(1, range.Size - 1, range.DynamicIpStart, offset => IsIpFree(offset, service));
            address = free is { } offset ? range.ToAddress(offset) : null;
            return free is null
                ? new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true }
                : null;
        }

        if (range.OffsetOf(wanted) is not { } at)
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpOutOfRange(wanted, range) };
        }

        address = wanted;
        return IsIpFree(at, service) ? null : new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpTaken };
    }

    private ServiceAddressAnswer? TakePort(int wanted, ObjectKey service, List<int> mine)
    {
        if (wanted == 0)
        {
            var free = FindFree(
                range.FirstNodePort,
                range.LastNodePort + 1,
                range.DynamicNodePortStart,
                port => !mine.Contains(port) && IsPortFree(port, service));
            mine.Add(free ?? 0);
            return free is null
                ? new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true }
                : null;
        }

        if (!range.ContainsNodePort(wanted))
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.PortOutOfRange(range) };
        }

        if (mine.Contains(wanted) || !IsPortFree(wanted, service))
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.PortTaken };
        }

        mine.Add(wanted);
        return null;
    }

    /// <summary>A free number, at random from the dynamic band first, from the static band when that is full.</summary>
    private int? FindFree(int first, int end, int dynamicStart, Func<int, bool> isFree) =>
        FindFree(dynamicStart, end, isFree) ?? FindFree(first, dynamicStart, isFree);

    private int? FindFree(int first, int end, Func<int, bool> isFree)
    {
        var count = end - first;
        var start = count > 0 ? random.Next(count) : 0;
        for (var i = 0; i < count; i++)
        {
            var candidate = first + ((start + i) % count);
            if (isFree(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private bool IsIpFree(int offset, ObjectKey service) => !_liveIps.ContainsKey(offset) &&
        !IsReserved(service, r => r.ClusterIP.Length != 0 && range.OffsetOf(r.ClusterIP) == offset);

    private bool IsPortFree(int port, ObjectKey service) =>
        !_livePorts.ContainsKey(port) && !IsReserved(service, r => r.NodePorts.Contains(port));

    /// <summary>
    /// An earlier attempt to write the same Service does not stand in the way of the next: names are unique, so at most
    /// one of them can be live
    /// at a time. Both keep others off until they have ended.
    /// </summary>
    private bool IsReserved(ObjectKey service, Func<ServiceAddressReservation, bool> has)
    {
        foreach (var reservation in _reservations.Values)
        {
            if (has(reservation) && !(service.Name.Length != 0 && reservation.Service == service))
            {
                return true;
            }
        }

        return false;
    }

    private void Forget(ObjectKey key)
    {
        if (!_live.Remove(key, out var holding))
        {
            return;
        }

        if (holding.Ip is { } ip)
        {
            Remove(_liveIps, ip, key);
        }

        Array.ForEach(holding.Ports, port => Remove(_livePorts, port, key));
    }

    private static IEnumerable<int> PortsOf(V1ServiceSpec spec) =>
        (spec.Ports ?? []).Select(p => p.NodePort ?? 0).Append(
            spec.HealthCheckNodePort ?? 0).Where(p => p != 0).Distinct();

    private static ObjectKey? Other(HashSet<ObjectKey> holders, ObjectKey key) =>
        holders.Count == 1 ? null : holders.First(h => h != key);

    private static void Add(Dictionary<int, HashSet<ObjectKey>> index, int number, ObjectKey key)
    {
        if (!index.TryGetValue(number, out var holders))
        {
            index[number] = holders = [];
        }

        holders.Add(key);
    }

    private static void Remove(Dictionary<int, HashSet<ObjectKey>> index, int number, ObjectKey key)
    {
        if (index.TryGetValue(number, out var holders) && holders.Remove(key) && holders.Count == 0)
        {
            index.Remove(number);
        }
    }
}
