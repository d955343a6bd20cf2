using CsCheck;
using k8s.Models;
using OrleansOrchestrator.Grains.Networking.IpAddresses;
using OrleansOrchestrator.Grains.Networking.ServiceCidrs;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Networking.ServiceCidrs;

public sealed class ServiceCidrPlannerTests
{
    private static readonly DateTimeOffset Deleted = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Ranges of 4 to 16 addresses among 16, and which of these are taken.</summary>
    private static readonly Gen<(int From, int Count)> Ranges =
        from bits in Gen.Int[2, 4]
        from at in Gen.Int[0, 3]
        select (at * 4 / (1 << bits) * (1 << bits), 1 << bits);

    /// <summary>
    /// Held against asking of each address: a range goes when others hold all of it, or all of its addresses that are
    /// taken.
    /// </summary>
    [Fact]
    public void A_range_goes_when_nobody_needs_it() => Gen.Select(
        Ranges, Ranges.Array[0, 3], Gen.Int[0, 15].Array[0, 4], Gen.Int[0, 20]).Check((own, others, taken, waited) =>
    {
        var range = Range("own", own);
        range.Metadata.DeletionTimestamp = Deleted.UtcDateTime;
        var plan = ServiceCidrPlanner.Compute(
            new ServiceCidrObserved
            {
                Range = range,
                All = [range, .. others.Select((o, i) => Range($"o{i}", o))],
                Addresses = [.. taken.Select(t => IpAddressPlanner.New($"10.0.0.{t}", new ObjectKey("default", "s")))],
            },
            Deleted.AddSeconds(waited));
        var mayGo = Array.Exists(others, o => Enumerable.Range(own.From, own.Count).All(a => Holds(o, a)))
            || taken.Where(t => Holds(own, t)).All(t => Array.Exists(others, o => Holds(o, t)));
        var isWaiting = waited < ServiceCidrPlanner.DeletionGrace.TotalSeconds;
        Assert.Equal(!mayGo || isWaiting, plan.IsHeld);
        Assert.Equal(mayGo ? null : "False", plan.Condition?.Status);
        Assert.Equal(mayGo && isWaiting, plan.Wait is not null);
    }, cases: 1_000);

    private static bool Holds((int From, int Count) range, int address) =>
        address >= range.From && address < range.From + range.Count;

    private static V1ServiceCIDR Range(string name, (int From, int Count) range) => new()
    {
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1ServiceCIDRSpec { Cidrs = [$"10.0.0.{range.From}/{32 - int.Log2(range.Count)}"] },
    };
}
