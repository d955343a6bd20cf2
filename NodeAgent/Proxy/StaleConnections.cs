using System.Net;
using System.Text.RegularExpressions;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// UDP has no connections to break, but the kernel keeps translating a flow as it first did: flows to endpoints that
/// are gone, and those that began before a Service
/// had any, are forgotten. What the kernel tracks is compared with the rules, so that it does not matter what happened
/// while the agent was away.
/// </summary>
public static partial class StaleConnections
{
    /// <summary>Whether rules are about UDP at all.</summary>
    public static bool Concern(Ruleset rules) => rules.Elements.Keys.Any(IsUdp);

    /// <summary>
    /// Arguments of the conntrack deletions that <paramref name="listing"/> (of <c>conntrack -L -p udp</c>) needs under
    /// the rules.
    /// </summary>
    public static IReadOnlyList<string[]> In(string listing, Ruleset rules, Func<IPAddress, bool> isLocal)
    {
        var targets = rules.Elements.Where(e => IsUdp(e.Key)).ToDictionary(e => e.Key.Key, e => TargetsOf(rules, e.Value));
        var deletions = new List<string[]>();
        foreach (Match flow in Flow().Matches(listing))
        {
            var (source, destination, port) = (flow.Groups["src"].Value, flow.Groups["dst"].Value, flow.Groups["dport"].Value);
            var isServed = targets.TryGetValue($"{destination} . udp . {port}", out var allowed) ||
                (isLocal(IPAddress.Parse(destination)) && targets.TryGetValue($"udp . {port}", out allowed));
            if (isServed && !allowed!.Contains(flow.Groups["from"].Value))
            {
                deletions.Add(
                [
                    "-D", "-p", "udp", "--orig-src", source, "--orig-dst", destination,
                    "--orig-port-src", flow.Groups["sport"].Value, "--orig-port-dst", port,
                ]);
            }
        }

        return deletions;
    }

    private static bool IsUdp((string Set, string Key) element) =>
        element.Set is "service-ips" or "service-nodeports" &&
        (element.Key.Contains(" udp ", StringComparison.Ordinal) || element.Key.StartsWith("udp ", StringComparison.Ordinal));

    private static HashSet<string> TargetsOf(Ruleset rules, string verdict)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var open = new Stack<string>([verdict]);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (open.TryPop(out var text))
        {
            found.UnionWith(Target().Matches(text).Select(m => m.Groups[1].Value));
            foreach (var chain in Chain().Matches(text).Select(m => m.Groups[1].Value).Where(seen.Add))
            {
                open.Push(rules.Chains.GetValueOrDefault(chain, ""));
            }
        }

        return found;
    }

    [GeneratedRegex(
        @"^udp .*?\bsrc=(?<src>[\d.]+) dst=(?<dst>[\d.]+) sport=(?<sport>\d+) dport=(?<dport>\d+) .*?\bsrc=(?<from>[\d.]+) ",
        RegexOptions.CultureInvariant | RegexOptions.Multiline)]
    private static partial Regex Flow();

    [GeneratedRegex(@"(?:dnat to |: )(\d+\.\d+\.\d+\.\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Target();

    [GeneratedRegex(@"goto ([^\s,}]+)", RegexOptions.CultureInvariant)]
    private static partial Regex Chain();
}
