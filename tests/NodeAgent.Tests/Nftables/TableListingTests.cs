using CsCheck;
using OrleansOrchestrator.NodeAgent.Nftables;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Nftables;

public sealed class TableListingTests
{
    private const string Listing = """
        {"nftables": [{"metainfo": {"version": "1.0.6"}}, {"table": {"family": "ip", "name": "orc-proxy"}},
        {"map": {"name": "service-ips", "map": "verdict", "elem": [[{"concat": ["10.96.0.9", "tcp", 80]}, {"goto": {"target": "cluster-2"}}]]}},
        {"map": {"name": "no-endpoint-nodeports", "elem": [[{"concat": ["udp", 30053]}, {"drop": null}]]}},
        {"map": {"name": "endpoint-0", "elem": [[{"concat": ["10.96.0.9", "tcp", 80]}, {"concat": ["10.244.0.2", 8080]}]]}},
        {"map": {"name": "to-pods", "map": "verdict", "elem": [["10.244.0.2", {"jump": {"target": "in-1"}}]]}},
        {"set": {"name": "cluster-ips", "elem": ["10.96.0.9"]}}, {"set": {"name": "affinity-x", "flags": ["timeout"], "elem": [{"elem": {"val": "10.0.0.1"}}]}},
        {"chain": {"name": "cluster-2"}}, {"rule": {"chain": "cluster-2", "expr": []}}]}
        """;

    [Fact]
    public void Names_and_elements_are_read()
    {
        var rules = TableListing.Parse(Listing)!;
        Assert.Equal(
            "Chain cluster-2, Map endpoint-0, Map no-endpoint-nodeports, Map service-ips, Map to-pods, Set affinity-x, Set cluster-ips",
            string.Join(", ", rules.Parts.Keys.Select(p => $"{p.Kind} {p.Name}").Order(StringComparer.Ordinal)));
        Assert.Equal("goto cluster-2", rules.Elements[("service-ips", "10.96.0.9 . tcp . 80")]);
        Assert.Equal("10.244.0.2 . 8080", rules.Elements[("endpoint-0", "10.96.0.9 . tcp . 80")]);
        Assert.Equal("drop", rules.Elements[("no-endpoint-nodeports", "udp . 30053")]);
        Assert.Equal("jump in-1", rules.Elements[("to-pods", "10.244.0.2")]);
        Assert.Equal("", rules.Elements[("cluster-ips", "10.96.0.9")]);
        Assert.Equal(5, rules.Elements.Count);
    }

    [Fact]
    public void Whatever_is_listed_it_is_read_or_refused() => Gen.Select(
        Gen.Int[0, Listing.Length], Gen.Int[0, 30], Gen.Char["{}[]\":,0a\\ \n-"].Array[0, 10]).Check(
        (at, removed, inserted) =>
            _ = TableListing.Parse(
                Listing[..at] + new string(inserted) + Listing[Math.Min(Listing.Length, at + removed)..]),
        cases: 20_000);
}
