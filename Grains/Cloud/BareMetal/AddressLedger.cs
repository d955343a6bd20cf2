using System.Net;
using System.Net.Sockets;
using OrleansOrchestrator.Interfaces.Cloud;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Cloud.BareMetal;

/// <summary>What one Service holds.</summary>
[GenerateSerializer, Immutable, Alias("orch.load-balancer-address-holding")]
public sealed record AddressHolding
{
    [Id(0)]
    public required string Uid { get; init; }

    [Id(1)]
    public required ObjectKey Service { get; init; }

    [Id(2)]
    public required IReadOnlyList<string> Addresses { get; init; }
}

/// <summary>
/// Who holds which address. No address has two holders; who asks again gets what he has. Which address somebody gets
/// follows from what is held and from nothing else: the one that he wants, else one that he shows, else the first free
/// one of the pools in their order.
/// </summary>
public sealed class AddressLedger(IReadOnlyList<AddressPool> pools)
{
    private readonly Dictionary<string, AddressHolding> _holdings = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, string> _holders = [];

    /// <summary>All of them, for the durable state.</summary>
    public IReadOnlyCollection<AddressHolding> Holdings => _holdings.Values;

    /// <summary>Takes over what an earlier activation wrote.</summary>
    public void Restore(IEnumerable<AddressHolding> holdings)
    {
        foreach (var holding in holdings)
        {
            Set(holding);
        }
    }

    /// <summary>What a Service holds; empty for nothing.</summary>
    public IReadOnlyList<string> Find(string uid) =>
        _holdings.TryGetValue(uid, out var holding) ? holding.Addresses : [];

    /// <summary>Gives all that is asked for, or leaves everything as it is and says why.</summary>
    public LoadBalancerAddressAnswer Hold(LoadBalancerAddressRequest request)
    {
        var allowed = pools.Where(p => request.Pool.Length == 0 || p.Name == request.Pool).ToList();
        if (allowed.Count == 0)
        {
            return Refuse($"there is no address pool \"{request.Pool}\"");
        }

        IPAddress? wanted = null;
        if (request.Wanted.Length > 0
            && (!IPAddress.TryParse(request.Wanted, out wanted) || !allowed.Exists(p => p.Contains(wanted))))
        {
            return Refuse($"the address {request.Wanted} is in no pool that the Service may use");
        }

        if (wanted is not null && IsTaken(wanted, request.Uid))
        {
            return Refuse($"the address {request.Wanted} is held by Service {_holdings[_holders[wanted]].Service}");
        }

        if (wanted is not null && !request.Families.Concat(request.OptionalFamilies).Contains(FamilyOf(wanted)))
        {
            return Refuse($"the address {request.Wanted} is of a family that the Service does not have");
        }

        return Choose(request, wanted, allowed);
    }

    /// <summary>Takes back what a Service holds.</summary>
    public void Release(string uid)
    {
        if (_holdings.Remove(uid, out var holding))
        {
            foreach (var address in holding.Addresses)
            {
                _holders.Remove(IPAddress.Parse(address));
            }
        }
    }

    /// <summary>Takes back what Services hold that are no more; true when there was one.</summary>
    public bool Retain(IReadOnlySet<string> live)
    {
        var gone = _holdings.Keys.Where(uid => !live.Contains(uid)).ToList();
        gone.ForEach(Release);
        return gone.Count > 0;
    }

    private LoadBalancerAddressAnswer Choose(
        LoadBalancerAddressRequest request, IPAddress? wanted, List<AddressPool> allowed)
    {
        var chosen = new List<string>();
        foreach (var family in request.Families.Concat(request.OptionalFamilies))
        {
            if (Candidate(request, family, wanted, allowed) is { } address)
            {
                chosen.Add(address.ToString());
            }
            else if (request.Families.Contains(family))
            {
                return Refuse(request.Pool.Length > 0
                    ? $"no {family} address of the pool \"{request.Pool}\" is free"
                    : $"no {family} address is free");
            }
        }

        Release(request.Uid);
        Set(new AddressHolding { Uid = request.Uid, Service = request.Service, Addresses = chosen });
        return new LoadBalancerAddressAnswer { Addresses = chosen };
    }

    private IPAddress? Candidate(
        LoadBalancerAddressRequest request, string family, IPAddress? wanted, List<AddressPool> allowed)
    {
        if (wanted is not null && FamilyOf(wanted) == family)
        {
            return wanted;
        }

        foreach (var text in Find(request.Uid).Concat(request.Shown))
        {
            if (IPAddress.TryParse(text, out var address) && FamilyOf(address) == family
                && !IsTaken(address, request.Uid) && allowed.Exists(p => p.Contains(address)))
            {
                return address;
            }
        }

        return allowed.Where(p => p.Range.Family == family)
            .Select(p => p.Range.FirstFree(a => IsTaken(a, request.Uid)))
            .FirstOrDefault(a => a is not null);
    }

    private bool IsTaken(IPAddress address, string uid) =>
        _holders.TryGetValue(address, out var holder) && holder != uid;

    private void Set(AddressHolding holding)
    {
        _holdings[holding.Uid] = holding;
        foreach (var address in holding.Addresses)
        {
            _holders.Add(IPAddress.Parse(address), holding.Uid);
        }
    }

    private static string FamilyOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static LoadBalancerAddressAnswer Refuse(string why) => new() { Refusal = why };
}
