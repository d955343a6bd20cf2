using System.Text.RegularExpressions;
using OrleansOrchestrator.NodeAgent.Kernel;

namespace OrleansOrchestrator.NodeAgent.Proxy;

/// <summary>
/// UDP has no connections to break, but the kernel keeps translating a flow as it first did: flows to endpoints that are gone, and those that began before a Service
/// had any, are forgotten.
/// </summary>
public static partial class StaleConnections
{
    /// <summary>Arguments of conntrack deletions that a change of rules asks for.</summary>
    public static IReadOnlyList<string[]> Of(Ruleset before, Ruleset after)
    {
        var deletions = new List<string[]>();
        foreach (var ((set, key), verdict) in before.Elements)
        {
            if (!set.StartsWith("service-", StringComparison.Ordinal) || !key.Contains("udp", StringComparison.Ordinal))
            {
                continue;
            }

            var chain = verdict["goto ".Length..];
            var gone = Targets(before.Chains.GetValueOrDefault(chain)).Except(
                after.Elements.ContainsKey((set, key)) ? Targets(after.Chains.GetValueOrDefault(chain)) : []);
            deletions.AddRange(gone.Select(target => Deletion(key, target)));
        }

        // A client that sent into the void while nothing answered must be let through now.
        deletions.AddRange(after.Elements
            .Where(e => e.Key.Set.StartsWith("service-", StringComparison.Ordinal) && e.Key.Key.Contains("udp", StringComparison.Ordinal))
            .Where(e => !before.Elements.ContainsKey(e.Key))
            .Select(e => Deletion(e.Key.Key, null)));
        return deletions;
    }

    /// <summary>Runs the deletions; that there was nothing to delete is no failure.</summary>
    public static async Task ForgetAsync(IReadOnlyList<string[]> deletions, CancellationToken cancellationToken)
    {
        foreach (var arguments in deletions)
        {
            await Commands.RunAsync("conntrack", arguments, cancellationToken);
        }
    }

    private static string[] Deletion(string key, string? target)
    {
        var parts = key.Split(" . ");
        var port = parts[^1];
        string[] where = parts.Length == 3 ? ["--orig-dst", parts[0], "--orig-port-dst", port] : ["--orig-port-dst", port];
        return target is null ? ["-D", "-p", "udp", .. where] : ["-D", "-p", "udp", .. where, "--dst-nat", target];
    }

    private static IEnumerable<string> Targets(string? chain) =>
        chain is null ? [] : Address().Matches(chain).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"(?:dnat to |: )(\d+\.\d+\.\d+\.\d+)", RegexOptions.CultureInvariant)]
    private static partial Regex Address();
}
