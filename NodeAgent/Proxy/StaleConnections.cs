using System.Net;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// UDP has no connections to break, but the kernel keeps translating a flow as it first did: flows to endpoints that no
/// longer serve, or no longer at that port, and those that began before a Service had any, are forgotten. What the
/// kernel tracks is compared with what serves, so that it does not matter what happened while the agent was away.
/// </summary>
public static partial class StaleConnections
{
    /// <summary>
    /// Arguments of the conntrack deletions that <paramref name="listing"/> (of <c>conntrack -L -p udp</c>) needs.
    /// Flows that went the same wrong way go together.
    /// </summary>
    /// <param name="listing">What the kernel tracks; lines that are no flows are passed over.</param>
    /// <param name="flows">By key of a UDP port, the endpoints that flows may lead to.</param>
    /// <param name="isLocal">Whether an address is one of the node, whose node ports count.</param>
    public static IReadOnlyList<string[]> In(
        string listing, IReadOnlyDictionary<string, string> flows, Func<IPAddress, bool> isLocal)
    {
        var allowed = flows.ToDictionary(
            f => f.Key, f => f.Value.Split(' ').ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);
        var stale = new HashSet<(string Destination, string Port, string From, string FromPort)>();
        foreach (Match flow in Flow().Matches(listing))
        {
            var (destination, port, from, fromPort) = (flow.Groups["dst"].Value, flow.Groups["dport"].Value,
                flow.Groups["from"].Value, flow.Groups["fromport"].Value);
            var isServed = allowed.TryGetValue($"{destination} . udp . {port}", out var endpoints) ||
                (IPAddress.TryParse(destination, out var address) && isLocal(address) &&
                    allowed.TryGetValue($"udp . {port}", out endpoints));
            var host = from.Contains(':', StringComparison.Ordinal) ? $"[{from}]" : from;
            if (isServed && !endpoints!.Contains($"{host}:{fromPort}"))
            {
                stale.Add((destination, port, from, fromPort));
            }
        }

        return [.. stale.Select(s => (string[])
            ["-D", "-p", "udp", "--orig-dst", s.Destination, "--orig-port-dst", s.Port,
                "--reply-src", s.From, "--reply-port-src", s.FromPort])];
    }

    [GeneratedRegex(
        @"^udp .*?\bsrc=[\da-f.:]+ dst=(?<dst>[\da-f.:]+) sport=\d+ dport=(?<dport>\d+) .*?" +
        @"\bsrc=(?<from>[\da-f.:]+) dst=[\da-f.:]+ sport=(?<fromport>\d+) ",
        RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Flow();
}
