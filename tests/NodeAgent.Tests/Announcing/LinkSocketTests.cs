using System.Net;
using OrleansOrchestrator.NodeAgent.Announcing;
using OrleansOrchestrator.NodeAgent.Tests.Proxy;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Announcing;

/// <summary>A real kernel in a network namespace of its own asks for addresses, and is answered.</summary>
public sealed class LinkSocketTests(TestNetwork network) : IClassFixture<TestNetwork>
{
    private static readonly IPAddress Ours = IPAddress.Parse("192.0.2.200");
    private static readonly IPAddress OursToo = IPAddress.Parse("2001:db8::c8");

    [Fact]
    public async Task A_neighbour_learns_where_an_address_is()
    {
        Assert.SkipWhen(TestNetwork.SixUnavailable is not null, TestNetwork.SixUnavailable ?? "");
        using var four = network.In(network.Node, () => LinkSocket.Open("out0", isIPv6: false));
        using var six = network.In(network.Node, () => LinkSocket.Open("out0", isIPv6: true));
        using var stop = new CancellationTokenSource();
        var answered = Task.WhenAll(
            four.AnswerAsync(Ours.Equals, stop.Token), six.AnswerAsync(OursToo.Equals, stop.Token));

        // The kernel asks its neighbours when it has something to send; a datagram is enough.
        foreach (var address in new[] { "192.0.2.200", "2001:db8::c8" })
        {
            await TestNetwork.ShellAsync(
                $"ip netns exec {network.Outside} bash -c 'echo > /dev/udp/{address}/9'");
        }

        Assert.Equal([Ours, OursToo], await answered.WaitAsync(TimeSpan.FromSeconds(60)));
        var link = (await TestNetwork.ShellAsync(
            $"ip -n {network.Node} -j link show out0 | sed 's/.*\"address\":\"\\([^\"]*\\)\".*/\\1/'")).Trim();
        foreach (var address in new[] { Ours, OursToo })
        {
            await TestNetwork.ShellAsync($"""
                i=0; until ip -n {network.Outside} neigh show {address} | grep -q {link}; do
                  i=$((i+1)); [ $i -lt 600 ] || exit 1; sleep 0.1; done
                """);
        }
    }

    [Fact]
    public async Task An_announcement_moves_an_address_that_a_neighbour_knew_elsewhere()
    {
        Assert.SkipWhen(TestNetwork.Unavailable is not null, TestNetwork.Unavailable ?? "");
        await TestNetwork.ShellAsync(
            $"ip -n {network.Outside} neigh replace 192.0.2.201 lladdr 02:00:00:00:00:99 nud stale dev eth0");
        using var socket = network.In(network.Node, () => LinkSocket.Open("out0", isIPv6: false));
        await socket.AnnounceAsync(IPAddress.Parse("192.0.2.201"), CancellationToken.None);
        await TestNetwork.ShellAsync($"""
            i=0; while ip -n {network.Outside} neigh show 192.0.2.201 | grep -q 02:00:00:00:00:99; do
              i=$((i+1)); [ $i -lt 600 ] || exit 1; sleep 0.1; done
            """);
    }
}
