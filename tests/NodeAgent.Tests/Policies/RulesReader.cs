using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.RegularExpressions;
using OrleansOrchestrator.NodeAgent.Nftables;
using Xunit;

namespace OrleansOrchestrator.NodeAgent.Tests.Policies;

/// <summary>
/// Does with a packet what the kernel does with the rules: it reads nft's words, and knows no others.
/// </summary>
internal sealed partial class RulesReader(Ruleset rules)
{
    public bool Allows(Packet packet) =>
        rules.Elements.ContainsKey(("selves", $"{packet.From} . {packet.To}"))
        || (Passes("from-pods", packet.From, packet) && Passes("to-pods", packet.To, packet));

    private bool Passes(string map, string address, Packet packet)
    {
        if (!rules.Elements.TryGetValue((map, address), out var verdict))
        {
            return true;
        }

        var name = verdict.Split(' ') is ["jump", var target] ? target : throw new FormatException(verdict);
        var chain = new Part(PartKind.Chain, name);
        foreach (var line in rules.Parts[chain].Split('\n'))
        {
            if (Verdict(line, packet) is { } passes)
            {
                return passes;
            }
        }

        return true;
    }

    // Null when the line does not match.
    private bool? Verdict(string line, Packet packet)
    {
        var rest = line;
        while (Match().Match(rest) is { Success: true } match)
        {
            if (!Holds(match.Groups[1].Value, match.Groups[2].Value, packet))
            {
                return null;
            }

            rest = rest[match.Length..];
        }

        return rest switch { "return" => true, "drop" => false, _ => throw new FormatException(line) };
    }

    private bool Holds(string what, string against, Packet packet)
    {
        var (protocol, port) = (packet.Protocol.ToLowerInvariant(), packet.Port.ToString(CultureInfo.InvariantCulture));
        return what switch
        {
            "ip saddr" or "ip6 saddr" => IsIn(against, packet.From),
            "ip daddr" or "ip6 daddr" => IsIn(against, packet.To),
            "ip daddr . meta l4proto . th dport" or "ip6 daddr . meta l4proto . th dport" =>
                IsIn(against, $"{packet.To} . {protocol} . {port}"),
            "meta l4proto" => against == protocol,
            _ => what == $"{protocol} dport" && Ranges(against).Any(r => IsBetween(r, port)),
        };
    }

    private bool IsIn(string set, string value)
    {
        var definition = rules.Parts[new Part(PartKind.Set, set[1..])];
        var constant = Elements().Match(definition);
        Assert.Equal(constant.Success, definition.Contains("flags interval", StringComparison.Ordinal));
        return constant.Success
            ? Ranges(constant.Groups[1].Value).Any(r => IsBetween(r, value))
            : rules.Elements.ContainsKey((set[1..], value));
    }

    private static string[] Ranges(string text) => text.Trim('{', '}', ' ').Split(", ");

    private static bool IsBetween(string range, string value)
    {
        var ends = range.Split('-');
        return Number(ends[0]) <= Number(value) && Number(value) <= Number(ends[^1]);
    }

    private static BigInteger Number(string value) => value.AsSpan().IndexOfAny('.', ':') < 0
        ? BigInteger.Parse(value, CultureInfo.InvariantCulture)
        : new BigInteger(IPAddress.Parse(value).GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    [GeneratedRegex(
        @"^(ip6? [sd]addr|ip6? daddr \. meta l4proto \. th dport|meta l4proto|(?:tcp|udp|sctp) dport) "
            + @"(@\S+|\{[^}]*\}|[\d-]+|tcp|udp|sctp) ",
        RegexOptions.CultureInvariant)]
    private static partial Regex Match();

    [GeneratedRegex(@"elements = (\{[^}]*\})", RegexOptions.CultureInvariant)]
    private static partial Regex Elements();
}
