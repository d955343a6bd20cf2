using CsCheck;
using OrleansOrchestrator.NodeAgent.Proxy;
using OrleansOrchestrator.SeedKit;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Proxy;

public sealed class StaleConnectionsTests
{
    private const string Listing = """
        udp      17 29 src=10.244.0.9 dst=10.96.0.5 sport=40001 dport=53 src=10.244.0.7 dst=10.244.0.9 sport=53 dport=40001 mark=0 use=1
        udp      17 29 src=10.244.0.9 dst=10.96.0.5 sport=40002 dport=53 src=10.244.0.8 dst=10.244.0.9 sport=53 dport=40002 [ASSURED] mark=0 use=1
        udp      17 29 src=10.244.0.9 dst=10.96.0.5 sport=40003 dport=53 [UNREPLIED] src=10.244.0.8 dst=10.244.0.9 sport=53 dport=40003 mark=0 use=1
        udp      17 29 src=192.0.2.2 dst=192.0.2.1 sport=40004 dport=30053 src=10.244.0.8 dst=192.0.2.2 sport=53 dport=40004 mark=0 use=1
        udp      17 29 src=192.0.2.2 dst=192.0.2.9 sport=40005 dport=30053 src=10.244.0.8 dst=192.0.2.2 sport=53 dport=40005 mark=0 use=1
        tcp      6 29 TIME_WAIT src=10.244.0.9 dst=10.96.0.5 sport=40006 dport=53 src=10.244.0.8 dst=10.244.0.9 sport=53 dport=40006 mark=0 use=1
        """;

    private static readonly Dictionary<string, string> Flows = new()
    {
        ["10.96.0.5 . udp . 53"] = "10.244.0.6:53 10.244.0.7:53", ["udp . 30053"] = "",
    };

    [Fact]
    public void Flows_that_lead_where_nobody_serves_go_in_groups()
    {
        Assert.Equal(
            ["-D -p udp --orig-dst 10.96.0.5 --orig-port-dst 53 --reply-src 10.244.0.8 --reply-port-src 53",
                "-D -p udp --orig-dst 192.0.2.1 --orig-port-dst 30053 --reply-src 10.244.0.8 --reply-port-src 53"],
            In(Listing));
    }

    [Fact]
    public void Flows_of_ipv6_are_read_too()
    {
        const string listing = """
            udp 17 29 src=fd00::9 dst=fd00:10:96::5 sport=40001 dport=53 src=fd00::7 dst=fd00::9 sport=53 dport=40001
            udp 17 29 src=fd00::9 dst=fd00:10:96::5 sport=40002 dport=53 src=fd00::8 dst=fd00::9 sport=53 dport=40002
            """;
        var flows = new Dictionary<string, string> { ["fd00:10:96::5 . udp . 53"] = "[fd00::7]:53" };
        Assert.Equal(
            "-D -p udp --orig-dst fd00:10:96::5 --orig-port-dst 53 --reply-src fd00::8 --reply-port-src 53",
            string.Join(' ', Assert.Single(StaleConnections.In(listing, flows, static _ => false))));
    }

    /// <summary>Upstream's cleanup_test: an endpoint that changes its port keeps its address.</summary>
    [Fact]
    public void Flows_to_a_port_that_is_no_longer_served_go()
    {
        const string listing = """
            udp 17 29 src=10.244.0.9 dst=10.96.0.5 sport=40001 dport=53 src=10.244.0.7 dst=10.244.0.9 sport=8080 dport=40001
            udp 17 29 src=10.244.0.9 dst=10.96.0.5 sport=40002 dport=53 src=10.244.0.7 dst=10.244.0.9 sport=53 dport=40002
            """;
        Assert.Equal(
            ["-D -p udp --orig-dst 10.96.0.5 --orig-port-dst 53 --reply-src 10.244.0.7 --reply-port-src 8080"],
            In(listing));
    }

    [Fact]
    public void Whatever_is_listed_only_flows_of_services_are_named() => Gen.Select(
        Gen.Int[0, Listing.Length], Gen.Int[0, 80],
            Gen.Char[" .=:0123456789abcsrdtpu\n[]\0\u00e9-"].Array[0, 40]).Check(
        (at, removed, inserted) =>
        {
            var text = Listing[..at] + new string(inserted) + Listing[Math.Min(Listing.Length, at + removed)..];
            Assert.All(
                In(text),
                d => Assert.Matches("--orig-dst [0-9.]+ --orig-port-dst (53|30053) --reply-src [0-9a-f.:]+ --reply-port-src [0-9]+$", d));
        },
        cases: 20_000);

    private static IEnumerable<string> In(string listing) =>
        StaleConnections.In(listing, Flows, a => a.ToString() == "192.0.2.1").Select(d => string.Join(' ', d)).Order(
            StringComparer.Ordinal);
}
