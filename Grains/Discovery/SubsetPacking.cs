using System.Runtime.InteropServices;
using k8s.Models;

namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>
/// Subsets of Endpoints as upstream packs them (its <c>RepackSubsets</c>): it is asked of each port which addresses
/// offer it, and ports of the very same addresses are together.
/// </summary>
public static class SubsetPacking
{
    /// <summary>
    /// No port is in two of the subsets, and no address twice in one: who is called both ready and not is not ready.
    /// Addresses are in order; ports that nobody offers are left out. Ports that stand in the same subsets are looked
    /// at as one, so that many such ports with many addresses cost no more than to read them.
    /// </summary>
    public static IReadOnlyList<V1EndpointSubset> Pack(IEnumerable<V1EndpointSubset> subsets) =>
        Pack(subsets, StringComparer.Ordinal);

    /// <summary>The same; the comparer is given the marks of who offers a port, in length all its addresses.</summary>
    internal static IReadOnlyList<V1EndpointSubset> Pack(
        IEnumerable<V1EndpointSubset> subsets, IEqualityComparer<string> marksComparer)
    {
        var all = subsets.ToList();
        var offerers = new Dictionary<string, Offerer>(StringComparer.Ordinal);
        var calls = all.ConvertAll(s => Calls(s, offerers));
        var ordered = offerers.OrderBy(static o => o.Key, StringComparer.Ordinal).Select(static o => o.Value).ToList();
        for (var rank = 0; rank < ordered.Count; rank++)
        {
            ordered[rank].Rank = rank;
        }

        return
        [
            .. Together(Offers(all), calls, marksComparer)
                .Where(static g => g.Key.Length > 0).Select(g => ToSubset(g.Key, g.Value, ordered)),
        ];
    }

    /// <summary>The same address of two pods is two; of one that is told of twice the first is kept.</summary>
    private static List<Call> Calls(V1EndpointSubset subset, Dictionary<string, Offerer> offerers)
    {
        var ready = (subset.Addresses ?? []).Select(static a => (Address: a, IsReady: true));
        var notReady = (subset.NotReadyAddresses ?? []).Select(static a => (Address: a, IsReady: false));
        return
        [
            .. ready.Concat(notReady).Select(a =>
            {
                var key = $"{a.Address.Ip} {a.Address.TargetRef?.Uid}";
                offerers.TryAdd(key, new Offerer(a.Address));
                return new Call(offerers[key], a.IsReady);
            }),
        ];
    }

    private static IEnumerable<PortOffer> Offers(IReadOnlyList<V1EndpointSubset> subsets)
    {
        var offers = new Dictionary<string, PortOffer>(StringComparer.Ordinal);
        for (var index = 0; index < subsets.Count; index++)
        {
            IEnumerable<Corev1EndpointPort?> ports = subsets[index].Ports is { Count: > 0 } some ? some : [null];
            foreach (var port in ports)
            {
                var id = port is null ? "" : $"{port.Name}/{port.Protocol}/{port.Port}/{port.AppProtocol}";
                offers.TryAdd(id, new PortOffer(port, []));
                offers[id].Subsets.Add(index);
            }
        }

        return offers.Values;
    }

    /// <summary>
    /// Ports by who offers them, in the order of the ports. Who it is, is found and looked up once for all ports that
    /// stand in the same subsets: a string's hash is not kept, and would be made of all addresses again.
    /// </summary>
    private static Dictionary<string, List<PortOffer>> Together(
        IEnumerable<PortOffer> offers, List<List<Call>> calls, IEqualityComparer<string> marksComparer)
    {
        var byWho = new Dictionary<string, List<PortOffer>>(marksComparer);
        var byStand = new Dictionary<string, List<PortOffer>>(StringComparer.Ordinal);
        foreach (var offer in offers)
        {
            var stand = string.Join(' ', offer.Subsets);
            if (!byStand.TryGetValue(stand, out var together))
            {
                var who = Who(offer, calls);
                if (!byWho.TryGetValue(who, out together))
                {
                    byWho[who] = together = [];
                }

                byStand[stand] = together;
            }

            together.Add(offer);
        }

        return byWho;
    }

    /// <summary>Equal for ports of the same addresses in the same state: the ranks of both kinds.</summary>
    private static string Who(PortOffer offer, List<List<Call>> calls)
    {
        var states = new Dictionary<int, bool>();
        foreach (var (offerer, isReady) in offer.Subsets.SelectMany(s => calls[s]))
        {
            states[offerer.Rank] = isReady && states.GetValueOrDefault(offerer.Rank, true);
        }

        int[] marks = [.. states.OrderBy(static s => s.Key).Select(static s => s.Value ? s.Key : ~s.Key)];
        return new string(MemoryMarshal.Cast<int, char>(marks.AsSpan()));
    }

    private static V1EndpointSubset ToSubset(string who, List<PortOffer> offers, List<Offerer> ordered)
    {
        var marks = MemoryMarshal.Cast<char, int>(who.AsSpan()).ToArray();
        var ports = offers.Select(static o => o.Port).OfType<Corev1EndpointPort>().ToList();
        return new V1EndpointSubset
        {
            Addresses = Addresses(marks.Where(static m => m >= 0)),
            NotReadyAddresses = Addresses(marks.Where(static m => m < 0).Select(static m => ~m)),
            Ports = ports.Count == 0 ? null : ports,
        };

        List<V1EndpointAddress>? Addresses(IEnumerable<int> ranks)
        {
            var addresses = ranks.Select(r => ordered[r].Address).ToList();
            return addresses.Count == 0 ? null : addresses;
        }
    }

    /// <summary>An address, once for all that it offers.</summary>
    private sealed class Offerer(V1EndpointAddress address)
    {
        public V1EndpointAddress Address => address;

        /// <summary>Its place among all.</summary>
        public int Rank { get; set; }
    }

    /// <summary>A subset calls an address ready, or not.</summary>
    private readonly record struct Call(Offerer Offerer, bool IsReady);

    /// <summary>The subsets in which a port stands, by their places; null stands for no port at all.</summary>
    private sealed record PortOffer(Corev1EndpointPort? Port, SortedSet<int> Subsets);
}
