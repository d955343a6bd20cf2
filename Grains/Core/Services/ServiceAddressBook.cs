using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Interfaces.Core.Services;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Core.Services;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Core.Services;

/// <summary>A promise to a write that is under way.</summary>
[GenerateSerializer, Immutable, Alias("orch.service-address-reservation")]
public sealed record ServiceAddressReservation
{
    [Id(0)]
    public required string Id { get; init; }

    [Id(1)]
    public required ObjectKey Service { get; init; }

    /// <summary>Empty when no address of the primary range was needed.</summary>
    [Id(2)]
    public string ClusterIP { get; init; } = "";

    [Id(3)]
    public IReadOnlyList<int> NodePorts { get; init; } = [];

    [Id(4)]
    public required DateTimeOffset Since { get; init; }

    /// <summary>Null when no address of the secondary range was needed, as earlier releases had none.</summary>
    [Id(5)]
    public string? SecondaryClusterIP { get; init; }
}

/// <summary>
/// Who has which cluster address and node port: live Services, as the journal tells them in order, reservations for
/// writes under way, and IPAddresses that others than Services have. An address is free only when nobody has it. What
/// may be given is the ranges of ServiceCIDRs that are ready, and the cluster's own before it has a ServiceCIDR.
/// </summary>
internal sealed class ServiceAddressBook(ServiceAddressRange range, Random random)
{
    /// <summary>The ServiceCIDR of the cluster's own ranges; upstream's <c>DefaultServiceCIDRName</c>.</summary>
    private const string OwnRange = "kubernetes";

    private readonly Dictionary<string, KnownRange> _ranges = new(StringComparer.Ordinal);
    private readonly HashSet<string> _others = new(StringComparer.Ordinal);
    private readonly Dictionary<ObjectKey, Holding> _live = [];
    private readonly Dictionary<string, HashSet<ObjectKey>> _liveIps = new(StringComparer.Ordinal);
    private readonly Dictionary<int, HashSet<ObjectKey>> _livePorts = [];
    private readonly Dictionary<string, ServiceAddressReservation> _reservations = new(StringComparer.Ordinal);

    private sealed record Holding(string[] Ips, int[] Ports);

    private sealed record KnownRange(bool IsReady, ServiceAddressRange[] Networks);

    /// <summary>What is given of the family of one of the cluster's own ranges, that one first.</summary>
    private IEnumerable<ServiceAddressRange> Ranges(ServiceAddressRange own)
    {
        var ready = _ranges.Where(static r => r.Value.IsReady).OrderBy(r => r.Key, StringComparer.Ordinal)
            .SelectMany(static r => r.Value.Networks).Where(n => n.Family == own.Family).ToList();
        var isGiven = ready.Exists(n => n.Cidr == own.Cidr) || !_ranges.ContainsKey(OwnRange);
        var further = ready.Where(n => !range.Cidrs.Contains(n.Cidr));
        return isGiven ? further.Prepend(own) : further;
    }

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

    /// <summary>Forgets all ServiceCIDRs, before their journal is read anew.</summary>
    public void ClearRanges() => _ranges.Clear();

    /// <summary>A ServiceCIDR as it is now.</summary>
    public void SeeRange(V1ServiceCIDR item) => _ranges[item.Metadata.Name] = new KnownRange(
        ServiceCidrPlanner.IsReady(item),
        [.. (item.Spec?.Cidrs ?? []).Select(range.Further).OfType<ServiceAddressRange>()]);

    /// <summary>A ServiceCIDR that was deleted.</summary>
    public void SeeRangeGone(string name) => _ranges.Remove(name);

    /// <summary>Forgets all IPAddresses, before their journal is read anew.</summary>
    public void ClearAddresses() => _others.Clear();

    /// <summary>An IPAddress as it is now; those of Services only repeat what these say.</summary>
    public void SeeAddress(V1IPAddress item)
    {
        if (IpAddressPlanner.IsManaged(item))
        {
            _others.Remove(item.Metadata.Name);
        }
        else
        {
            _others.Add(item.Metadata.Name);
        }
    }

    /// <summary>An IPAddress that was deleted.</summary>
    public void SeeAddressGone(string name) => _others.Remove(name);

    /// <summary>
    /// A Service as it is now. Returns another Service that has the same cluster address, which must not happen and is
    /// worth an alarm.
    /// </summary>
    public ObjectKey? See(ObjectKey key, V1ServiceSpec spec)
    {
        Forget(key);
        var holding = new Holding([.. AddressesOf(spec)], [.. PortsOf(spec)]);
        _live[key] = holding;
        Array.ForEach(holding.Ports, port => Add(_livePorts, port, key));
        Array.ForEach(holding.Ips, ip => Add(_liveIps, ip, key));
        return holding.Ips.Select(ip => Other(_liveIps[ip], key)).FirstOrDefault(other => other is not null);
    }

    /// <summary>A Service that was deleted.</summary>
    public void SeeGone(ObjectKey key) => Forget(key);

    /// <summary>Reserves all or nothing; only looks whether it could for a request that pretends.</summary>
    public ServiceAddressAnswer Reserve(ServiceAddressRequest request, DateTimeOffset now)
    {
        string? address = null;
        if (request.ClusterIP is { } wanted && TakeIp(wanted, range, request, out address) is { } refusal)
        {
            return refusal;
        }

        string? second = null;
        if (request.SecondaryClusterIP is { } other
            && TakeIp(other, range.Secondary, request, out second) is { } secondRefusal)
        {
            return secondRefusal with { IsSecondaryRefused = true };
        }

        var ports = new List<int>();
        for (var i = 0; i < request.NodePorts.Count; i++)
        {
            if (TakePort(request.NodePorts[i], request.Service, ports) is { } refused)
            {
                return refused with { RefusedNodePort = i };
            }
        }

        if (!request.Pretends)
        {
            _reservations[request.Reservation] = new ServiceAddressReservation
            {
                Id = request.Reservation, Service = request.Service, ClusterIP = address ?? "",
                SecondaryClusterIP = second, NodePorts = ports, Since = now,
            };
        }

        return new ServiceAddressAnswer { ClusterIP = address, SecondaryClusterIP = second, NodePorts = ports };
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

    /// <param name="wanted">The address that is wanted; empty for any.</param>
    /// <param name="own">The cluster's own range of its family; null on a silo that was not told of one, as others
    /// were.</param>
    /// <param name="request">For whom.</param>
    /// <param name="address">What is given.</param>
    private ServiceAddressAnswer? TakeIp(
        string wanted, ServiceAddressRange? own, ServiceAddressRequest request, out string? address)
    {
        address = null;
        if (own is null)
        {
            return new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true };
        }

        if (wanted.Length == 0)
        {
            address = Ranges(own).Select(r => FreeIn(r, request.Service)).FirstOrDefault(free => free is not null);
            return address is null
                ? new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.Full, IsExhausted = true }
                : null;
        }

        if (!Ranges(own).Any(r => r.Contains(wanted)))
        {
            // Upstream asks one range in a dry run, else whichever has the address.
            return new ServiceAddressAnswer
            {
                Refusal = request.Pretends
                    ? ServiceAddressRefusals.IpOutOfRange(wanted, own)
                    : ServiceAddressRefusals.IpOutOfAllRanges,
            };
        }

        address = wanted;
        return IsIpFree(Canonical(wanted)!, request.Service)
            ? null
            : new ServiceAddressAnswer { Refusal = ServiceAddressRefusals.IpTaken };
    }

    private string? FreeIn(ServiceAddressRange block, ObjectKey service) =>
        FindFree(1, block.EndOffset, block.DynamicIpStart, offset => IsIpFree(block.ToAddress(offset), service))
            is { } found
            ? block.ToAddress(found)
            : null;

    /// <summary>An address as all write it; null for none.</summary>
    private static string? Canonical(string? address) => NetworkRules.ParseSloppy(address ?? "")?.ToString();

    private ServiceAddressAnswer? TakePort(int wanted, ObjectKey service, List<int> mine)
    {
        if (wanted == 0)
        {
            var free = FindFree(
                range.FirstNodePort,
                range.LastNodePort + 1,
                range.DynamicNodePortStart,
                port => !mine.Contains((int)port) && IsPortFree((int)port, service));
            mine.Add((int)(free ?? 0));
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
    private long? FindFree(long first, long end, long dynamicStart, Func<long, bool> isFree) =>
        FindFree(dynamicStart, end, isFree) ?? FindFree(first, dynamicStart, isFree);

    private long? FindFree(long first, long end, Func<long, bool> isFree)
    {
        var count = end - first;
        var start = count > 0 ? random.NextInt64(count) : 0;
        for (var i = 0L; i < count; i++)
        {
            var candidate = first + ((start + i) % count);
            if (isFree(candidate))
            {
                return candidate;
            }
        }

        return null;
    }

    private bool IsIpFree(string address, ObjectKey service) =>
        !_liveIps.ContainsKey(address)
        && !_others.Contains(address)
        && !IsReserved(
            service, r => Canonical(r.ClusterIP) == address || Canonical(r.SecondaryClusterIP) == address);

    private bool IsPortFree(int port, ObjectKey service) =>
        !_livePorts.ContainsKey(port) && !IsReserved(service, r => r.NodePorts.Contains(port));

    /// <summary>
    /// An earlier attempt to write the same Service does not stand in the way of the next: names are unique, so at most
    /// one of them can be live at a time. Both keep others off until they have ended.
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

        Array.ForEach(holding.Ips, ip => Remove(_liveIps, ip, key));
        Array.ForEach(holding.Ports, port => Remove(_livePorts, port, key));
    }

    private static IEnumerable<string> AddressesOf(V1ServiceSpec spec) => (spec.ClusterIPs ?? [])
        .Append(spec.ClusterIP).Select(Canonical).OfType<string>().Distinct(StringComparer.Ordinal);

    private static IEnumerable<int> PortsOf(V1ServiceSpec spec) =>
        (spec.Ports ?? []).Select(p => p.NodePort ?? 0).Append(
            spec.HealthCheckNodePort ?? 0).Where(p => p != 0).Distinct();

    private static ObjectKey? Other(HashSet<ObjectKey> holders, ObjectKey key) =>
        holders.Count == 1 ? null : holders.First(h => h != key);

    private static void Add<T>(Dictionary<T, HashSet<ObjectKey>> index, T number, ObjectKey key)
        where T : notnull
    {
        if (!index.TryGetValue(number, out var holders))
        {
            index[number] = holders = [];
        }

        holders.Add(key);
    }

    private static void Remove<T>(Dictionary<T, HashSet<ObjectKey>> index, T number, ObjectKey key)
        where T : notnull
    {
        if (index.TryGetValue(number, out var holders) && holders.Remove(key) && holders.Count == 0)
        {
            index.Remove(number);
        }
    }
}
