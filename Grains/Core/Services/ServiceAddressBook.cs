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
/// Who has which cluster address and node port: live Services, as a follower reports them, and reservations. An address is free only when
/// neither has it. Thread-safe: the follower runs beside the grain.
/// </summary>
internal sealed class ServiceAddressBook(ServiceAddressRange range, Random random)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, Holding> _live = [];
    private readonly Dictionary<int, HashSet<ObjectKey>> _liveIps = [];
    private readonly Dictionary<int, HashSet<ObjectKey>> _livePorts = [];
    private readonly Dictionary<string, ServiceAddressReservation> _reservations = new(StringComparer.Ordinal);
    private long _floor = -1;

    private sealed record Holding(long Revision, int? Ip, int[] Ports);

    /// <summary>All reservations, for the durable state.</summary>
    public IReadOnlyList<ServiceAddressReservation> Reservations
    {
        get
        {
            lock (_lock)
            {
                return [.. _reservations.Values];
            }
        }
    }

    /// <summary>Takes over reservations of an earlier activation.</summary>
    public void Restore(IEnumerable<ServiceAddressReservation> reservations)
    {
        lock (_lock)
        {
            foreach (var reservation in reservations)
            {
                _reservations[reservation.Id] = reservation;
            }
        }
    }

    /// <summary>
    /// The whole truth at a revision. The follower may still be behind it: what it reports of earlier revisions is then old news, and ignored.
    /// </summary>
    public void Load(long revision, IReadOnlyDictionary<ObjectKey, (long Revision, V1ServiceSpec Spec)> services)
    {
        lock (_lock)
        {
            foreach (var (key, holding) in _live.ToList())
            {
                if (holding.Revision <= revision && !services.ContainsKey(key))
                {
                    Forget(key);
                }
            }

            foreach (var (key, service) in services)
            {
                See(key, service.Revision, service.Spec);
            }

            _floor = Math.Max(_floor, revision);
        }
    }

    /// <summary>
    /// A Service as of a revision. The reservation that it fulfils ends. Returns another Service that has the same cluster address, which must
    /// not happen and is worth an alarm.
    /// </summary>
    public ObjectKey? See(ObjectKey key, long revision, V1ServiceSpec spec)
    {
        lock (_lock)
        {
            var known = _live.GetValueOrDefault(key);
            if (revision <= _floor || known?.Revision > revision)
            {
                return null;
            }

            Forget(key);
            var holding = new Holding(revision, range.OffsetOf(spec.ClusterIP ?? ""), [.. PortsOf(spec)]);
            _live[key] = holding;
            Array.ForEach(holding.Ports, port => Add(_livePorts, port, key));
            if (known is null || known.Ip != holding.Ip || !known.Ports.SequenceEqual(holding.Ports))
            {
                EndFulfilled(key, holding);
            }

            if (holding.Ip is not { } ip)
            {
                return null;
            }

            Add(_liveIps, ip, key);
            return Other(_liveIps[ip], key);
        }
    }

    /// <summary>A Service that was deleted at a revision.</summary>
    public void SeeGone(ObjectKey key, long revision)
    {
        lock (_lock)
        {
            if (revision > _floor && _live.TryGetValue(key, out var known) && known.Revision <= revision)
            {
                Forget(key);
            }
        }
    }

    /// <summary>
    /// Reserves all or nothing. On a refusal, <paramref name="holder"/> is the live Service that is said to have the wanted thing:
    /// worth a second look, since the follower may lag.
    /// </summary>
    public ServiceAddressAnswer Reserve(ServiceAddressRequest request, DateTimeOffset now, out ObjectKey? holder)
    {
        lock (_lock)
        {
            holder = null;
            string? address = null;
            if (request.ClusterIP is { } wanted && TakeIp(wanted, request.Service, out address, out holder) is { } refusal)
            {
                return refusal;
            }

            var ports = new List<int>();
            for (var i = 0; i < request.NodePorts.Count; i++)
            {
                if (TakePort(request.NodePorts[i], request.Service, ports, out holder) is { } refused)
                {
                    return refused with { RefusedNodePort = i };
                }
            }

            _reservations[request.Reservation] = new ServiceAddressReservation
            {
                Id = request.Reservation, Service = request.Service, ClusterIP = address ?? "", NodePorts = ports, Since = now,
            };
            return new ServiceAddressAnswer { ClusterIP = address, NodePorts = ports };
        }
    }

    /// <summary>Ends a reservation.</summary>
    public bool Release(string reservation)
    {
        lock (_lock)
        {
            return _reservations.Remove(reservation);
        }
    }

    /// <summary>Reservations whose write can no longer be under way.</summary>
    public IReadOnlyList<string> Expired(DateTimeOffset before)
    {
        lock (_lock)
        {
            return [.. _reservations.Values.Where(r => r.Since < before).Select(r => r.Id)];
        }
    }

    private ServiceAddressAnswer? TakeIp(string wanted, ObjectKey service, out string? address, out ObjectKey? holder)
    {
        holder = null;
        address = null;
        if (wanted.Length == 0)
        {
            var free = FindFree(1, range.Size - 1, range.DynamicIpStart, offset => IsIpFree(offset, service, out _));
            address = free is { } offset ? range.ToAddress(offset) : null;
            return free is null ? new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true } : null;
        }

        if (range.OffsetOf(wanted) is not { } at)
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpOutOfRange(wanted, range) };
        }

        address = wanted;
        return IsIpFree(at, service, out holder) ? null : new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpTaken };
    }

    private ServiceAddressAnswer? TakePort(int wanted, ObjectKey service, List<int> mine, out ObjectKey? holder)
    {
        holder = null;
        if (wanted == 0)
        {
            var free = FindFree(
                range.FirstNodePort,
                range.LastNodePort + 1,
                range.DynamicNodePortStart,
                port => !mine.Contains(port) && IsPortFree(port, service, out _));
            mine.Add(free ?? 0);
            return free is null ? new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true } : null;
        }

        if (!range.ContainsNodePort(wanted))
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.PortOutOfRange(range) };
        }

        if (mine.Contains(wanted) || !IsPortFree(wanted, service, out holder))
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

    private bool IsIpFree(int offset, ObjectKey service, out ObjectKey? holder)
    {
        holder = _liveIps.TryGetValue(offset, out var holders) ? holders.First() : null;
        return holder is null && !IsReserved(service, r => r.ClusterIP.Length != 0 && range.OffsetOf(r.ClusterIP) == offset);
    }

    private bool IsPortFree(int port, ObjectKey service, out ObjectKey? holder)
    {
        holder = _livePorts.TryGetValue(port, out var holders) ? holders.First() : null;
        return holder is null && !IsReserved(service, r => r.NodePorts.Contains(port));
    }

    /// <summary>
    /// An earlier attempt to write the same Service does not stand in the way of the next: names are unique, so at most one of
    /// them can be committed.
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

    /// <summary>
    /// Ends the oldest reservation that the Service's new addresses answer: one only, since a second attempt to write the same Service may
    /// still be under way.
    /// </summary>
    private void EndFulfilled(ObjectKey key, Holding holding)
    {
        ServiceAddressReservation? oldest = null;
        foreach (var reservation in _reservations.Values)
        {
            var isOfService = reservation.Service.Name.Length == 0 || reservation.Service == key;
            var hasIp = reservation.ClusterIP.Length == 0 || range.OffsetOf(reservation.ClusterIP) == holding.Ip;
            if (isOfService && hasIp && reservation.NodePorts.All(holding.Ports.Contains) &&
                (oldest is null || reservation.Since < oldest.Since))
            {
                oldest = reservation;
            }
        }

        if (oldest is not null)
        {
            _reservations.Remove(oldest.Id);
        }
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
        (spec.Ports ?? []).Select(p => p.NodePort ?? 0).Append(spec.HealthCheckNodePort ?? 0).Where(p => p != 0).Distinct();

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
