using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

/// <summary>
/// Endpoints that somebody changes again and again: the slices say what the Endpoints say, each port of a family in
/// one slice, and when nothing changes nothing is written.
/// </summary>
public sealed class MirrorHistoryTests
{
    private static readonly Gen<V1EndpointSubset> Subsets =
        from ports in Some(80, 81)
        from ready in Some("10.0.0.1", "10.0.0.2", "2001:db8::1")
        from waiting in Some("10.0.0.1", "10.0.0.3", "2001:db8::2")
        select new V1EndpointSubset
        {
            Addresses = [.. ready.Select(a => new V1EndpointAddress { Ip = a })],
            NotReadyAddresses = [.. waiting.Select(a => new V1EndpointAddress { Ip = a })],
            Ports = [.. ports.Select(p => new Corev1EndpointPort { Name = $"p{p}", Port = p, Protocol = "TCP" })],
        };

    [Fact]
    public void Slices_say_what_the_endpoints_say() => Subsets.Array[0, 3].Array[1, 5].Check(history =>
    {
        var slices = new Dictionary<string, V1EndpointSlice>();
        foreach (var subsets in history)
        {
            var endpoints = new V1Endpoints
            {
                Metadata = new V1ObjectMeta { Name = "web", NamespaceProperty = "default", Uid = "u" },
                Subsets = [.. subsets],
            };
            Apply(slices, MirrorPlanner.Compute(endpoints, [.. slices.Values]).Slices);
            Assert.Equal(Naive(subsets), Said(slices.Values));
            Assert.Distinct(slices.Values.SelectMany(s => PortsOf(s).Select(p => (s.AddressType, p))));
            var again = MirrorPlanner.Compute(endpoints, [.. slices.Values]).Slices;
            Assert.True(again is { Create: [], Update: [], Delete: [] }, "what is right is left alone");
        }

        Apply(slices, MirrorPlanner.Compute(null, [.. slices.Values]).Slices);
        Assert.Empty(slices);
    }, cases: 300);

    private static Gen<T[]> Some<T>(params T[] all) =>
        Gen.Bool.Array[all.Length].Select(taken => all.Where((_, i) => taken[i]).ToArray());

    /// <summary>
    /// Who is not ready in one subset with a port is not ready there. Addresses without ports are not told of apart
    /// when some port has the very same.
    /// </summary>
    private static IEnumerable<string> Naive(V1EndpointSubset[] subsets)
    {
        var offers =
            from subset in subsets
            from port in PortsOf(subset.Ports.Select(p => p.Name))
            from address in subset.Addresses.Select(a => (a.Ip, IsReady: true))
                .Concat(subset.NotReadyAddresses.Select(a => (a.Ip, IsReady: false)))
            select (port, address.Ip, address.IsReady);
        var ports = offers.GroupBy(o => o.port).ToDictionary(
            g => g.Key,
            g => g.GroupBy(o => o.Ip).Select(o => $"{o.Key} {o.All(static a => a.IsReady)}")
                .Order(StringComparer.Ordinal).ToList());
        return ports
            .Where(p => p.Key.Length > 0 || !ports.Any(o => o.Key.Length > 0 && o.Value.SequenceEqual(p.Value)))
            .SelectMany(p => p.Value.Select(a => $"{p.Key} {a}")).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Said(IEnumerable<V1EndpointSlice> slices) => slices
        .SelectMany(s => PortsOf(s).SelectMany(
            p => s.Endpoints.Select(e => $"{p} {e.Addresses.Single()} {e.Conditions.Ready}")))
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> PortsOf(V1EndpointSlice slice) =>
        PortsOf((slice.Ports ?? []).Select(p => p.Name));

    private static IEnumerable<string> PortsOf(IEnumerable<string> names) => names.DefaultIfEmpty("");

    private static void Apply(Dictionary<string, V1EndpointSlice> slices, SlicePlan plan)
    {
        foreach (var slice in plan.Delete)
        {
            Assert.True(slices.Remove(slice.Metadata.Name));
        }

        foreach (var slice in plan.Create)
        {
            slices.Add(slice.Metadata.Name, slice);
        }

        foreach (var slice in plan.Update)
        {
            Assert.Equal(slices[slice.Metadata.Name].AddressType, slice.AddressType);
            slices[slice.Metadata.Name] = slice;
        }
    }
}
