using System.Net;
using CsCheck;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Interfaces.Cloud;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Cloud.BareMetal;

public sealed class AddressLedgerTests
{
    private static readonly AddressPool[] Pools =
    [
        AddressPool.Parse("192.0.2.0-192.0.2.3")!, AddressPool.Parse("public=198.51.100.0-198.51.100.1")!,
        AddressPool.Parse("2001:db8::-2001:db8::1")!,
    ];

    [Fact]
    public void Addresses_come_in_the_order_of_the_pools()
    {
        var ledger = new AddressLedger(Pools);
        Assert.Equal(
            ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3", "198.51.100.0", "198.51.100.1"],
            Enumerable.Range(0, 6).Select(i => Assert.Single(ledger.Hold(Any($"s{i}")).Addresses)));
        Assert.Equal("no IPv4 address is free", ledger.Hold(Any("last")).Refusal);
        ledger.Release("s3");
        Assert.Equal(["192.0.2.3"], ledger.Hold(Any("last")).Addresses);
    }

    [Fact]
    public void What_is_wanted_is_given_or_refused_with_the_reason()
    {
        var ledger = new AddressLedger(Pools);
        Assert.Equal(["192.0.2.2"], ledger.Hold(Any("a") with { Wanted = "192.0.2.2" }).Addresses);
        Assert.Equal(["198.51.100.0"], ledger.Hold(Any("b") with { Pool = "public" }).Addresses);
        Assert.Equal(
            "the address 192.0.2.2 is held by Service ns/a",
            ledger.Hold(Any("c") with { Wanted = "192.0.2.2" }).Refusal);
        Assert.Equal(
            "the address 192.0.2.9 is in no pool that the Service may use",
            ledger.Hold(Any("c") with { Wanted = "192.0.2.9" }).Refusal);
        Assert.Equal(
            "the address 192.0.2.1 is in no pool that the Service may use",
            ledger.Hold(Any("c") with { Wanted = "192.0.2.1", Pool = "public" }).Refusal);
        Assert.Equal(
            "the address 2001:db8::1 is of a family that the Service does not have",
            ledger.Hold(Any("c") with { Wanted = "2001:db8::1" }).Refusal);
        Assert.Equal("there is no address pool \"other\"", ledger.Hold(Any("c") with { Pool = "other" }).Refusal);
        Assert.Empty(ledger.Find("c"));
    }

    [Fact]
    public void Who_wants_another_address_gives_his_back()
    {
        var ledger = new AddressLedger(Pools);
        ledger.Hold(Any("a"));
        Assert.Equal(["192.0.2.3"], ledger.Hold(Any("a") with { Wanted = "192.0.2.3" }).Addresses);
        Assert.Equal(["192.0.2.3"], ledger.Hold(Any("a")).Addresses);
        Assert.Equal(["192.0.2.0"], ledger.Hold(Any("b")).Addresses);
    }

    [Fact]
    public void What_a_service_shows_it_keeps_when_nobody_holds_it()
    {
        var ledger = new AddressLedger(Pools);
        Assert.Equal(["192.0.2.2"], ledger.Hold(Any("a") with { Shown = ["", "10.0.0.1", "192.0.2.2"] }).Addresses);
        Assert.Equal(["192.0.2.0"], ledger.Hold(Any("b") with { Shown = ["192.0.2.2"] }).Addresses);
    }

    [Fact]
    public void Families_that_are_not_needed_are_given_while_they_last()
    {
        var ledger = new AddressLedger(Pools);
        var both = Any("a") with { OptionalFamilies = ["IPv6"] };
        Assert.Equal(["192.0.2.0", "2001:db8::"], ledger.Hold(both).Addresses);
        ledger.Hold(Any("x") with { Families = ["IPv6"] });
        Assert.Equal(["192.0.2.1"], ledger.Hold(both with { Uid = "b" }).Addresses);
        Assert.Equal(
            "no IPv6 address is free", ledger.Hold(Any("c") with { Families = ["IPv4", "IPv6"] }).Refusal);
        Assert.Empty(ledger.Find("c"));
    }

    private sealed record Act(int Kind, int Service, int Wanted, int Pool, int Families);

    private static readonly Gen<Act> Acts = Gen.Select(
        Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, 3], Gen.Int[0, 3],
        (a, b, c, d, e) => new Act(a, b, c, d, e));

    /// <summary>
    /// Against a model that keeps a plain list: an address is never held twice, and always by who was told last that he
    /// has it; who is refused keeps what he had; a new activation knows what was written.
    /// </summary>
    [Fact]
    public void No_address_is_held_twice() => Acts.Array[10, 80].Check(acts =>
    {
        var ledger = new AddressLedger(Pools);
        var told = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var act in acts)
        {
            Do(act, ref ledger, told);
            var all = told.Values.SelectMany(a => a).ToList();
            Assert.Distinct(all);
            Assert.All(all, a => Assert.Contains(Pools, p => p.Contains(IPAddress.Parse(a))));
            Assert.All(told, t => Assert.Equal(t.Value, ledger.Find(t.Key)));
            Assert.Equal(told.Count, ledger.Holdings.Count);
        }
    }, cases: 2000);

    private static void Do(Act act, ref AddressLedger ledger, Dictionary<string, IReadOnlyList<string>> told)
    {
        var uid = $"s{act.Service}";
        switch (act.Kind)
        {
            case 0:
                ledger.Release(uid);
                told.Remove(uid);
                break;
            case 1:
                var written = ledger.Holdings.ToList();
                ledger = new AddressLedger(Pools);
                ledger.Restore(written);
                break;
            case 2:
                told.Remove(uid);
                ledger.Retain(told.Keys.ToHashSet());
                break;
            default:
                var request = Request(act, uid);
                var answer = ledger.Hold(request);
                if (answer.Refusal is null)
                {
                    told[uid] = answer.Addresses;
                    Assert.All(
                        request.Families,
                        f => Assert.Contains(answer.Addresses, a => a.Contains(':') == (f == "IPv6")));
                    Assert.True(request.Wanted.Length == 0 || answer.Addresses.Contains(request.Wanted));
                    Assert.Equal(answer.Addresses, ledger.Hold(request).Addresses);
                }

                break;
        }
    }

    private static LoadBalancerAddressRequest Request(Act act, string uid) => Any(uid) with
    {
        Wanted = act.Wanted < 4 ? $"192.0.2.{act.Wanted}" : "",
        Pool = act.Pool == 0 ? "public" : "",
        Families = act.Families switch { 0 => ["IPv6"], 1 => ["IPv4", "IPv6"], _ => ["IPv4"] },
        OptionalFamilies = act.Families == 2 ? ["IPv6"] : [],
    };

    private static LoadBalancerAddressRequest Any(string uid) =>
        new() { Uid = uid, Service = new ObjectKey("ns", uid), Families = ["IPv4"] };
}
