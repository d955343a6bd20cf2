using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Discovery;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Discovery;

/// <summary>
/// Endpoints that somebody changes again and again: the slices say what the Endpoints say, each family and set of
/// ports in one slice, and when nothing changes nothing is written.
/// </summary>
public sealed class MirrorHistoryTests
{
    private static readonly Gen<V1EndpointSubset> Subsets =
        from ports in Some(80, 81)
        from ready in Some("10.0.0.1", "10.0.0.2", "2001:db8::1")
        from waiting in Some("10.0.0.3", "2001:db8::2")
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
            Assert.Distinct(slices.Values.Select(s => (s.AddressType, PortsOf(s))));
            var again = MirrorPlanner.Compute(endpoints, [.. slices.Values]).Slices;
            Assert.True(again is { Create: [], Update: [], Delete: [] }, "what is right is left alone");
        }

        Apply(slices, MirrorPlanner.Compute(null, [.. slices.Values]).Slices);
        Assert.Empty(slices);
    }, cases: 300);

    private static Gen<T[]> Some<T>(params T[] all) =>
        Gen.Bool.Array[all.Length].Select(taken => all.Where((_, i) => taken[i]).ToArray());

    /// <summary>Of two subsets with the same ports the first decides on an address that is in both.</summary>
    private static IEnumerable<string> Naive(V1EndpointSubset[] subsets) => subsets
        .SelectMany(s => s.Addresses.Select(a => (Ports: Names(s.Ports.Select(p => p.Name)), a.Ip, IsReady: true))
            .Concat(s.NotReadyAddresses.Select(a => (Ports: Names(s.Ports.Select(p => p.Name)), a.Ip, IsReady: false))))
        .DistinctBy(e => (e.Ports, e.Ip))
        .Select(e => $"{e.Ports} {e.Ip} {e.IsReady}")
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> Said(IEnumerable<V1EndpointSlice> slices) => slices
        .SelectMany(s => s.Endpoints.Select(e => $"{PortsOf(s)} {e.Addresses.Single()} {e.Conditions.Ready}"))
        .Order(StringComparer.Ordinal);

    private static string PortsOf(V1EndpointSlice slice) => Names((slice.Ports ?? []).Select(p => p.Name));

    private static string Names(IEnumerable<string> names) => string.Join(',', names.Order(StringComparer.Ordinal));

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
