using Google.Protobuf.Collections;
using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>The resolver settings of a pod.</summary>
/// <param name="Config">As the runtime gets them.</param>
/// <param name="Omissions">What was left out as resolvers would not take it, in upstream's words.</param>
public sealed record PodDnsSettings(DNSConfig Config, IReadOnlyList<string> Omissions);

/// <summary>
/// The resolver settings of a pod by its dnsPolicy and dnsConfig. Pure, but for reading the host's file.
/// </summary>
public static class PodDns
{
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    /// <summary>Longer ones make some resolvers abort.</summary>
    private const int MaxDomainCharacters = 253;

    public static PodDnsSettings Compute(V1Pod pod, NodeAgentOptions options, DNSConfig host)
    {
        var config = (pod.Spec.DnsPolicy ?? "ClusterFirst") switch
        {
            "None" => new DNSConfig(),
            "ClusterFirstWithHostNet" => ClusterFirst(pod, options, host),
            "ClusterFirst" when !pod.UsesHostNetwork() => ClusterFirst(pod, options, host),
            _ => host.Clone(),
        };
        if (pod.Spec.DnsConfig is { } extra)
        {
            Merge(config, extra);
        }

        return Bounded(config);
    }

    /// <summary>Reads a resolv.conf; a missing file is an empty configuration.</summary>
    public static DNSConfig Parse(IEnumerable<string> lines)
    {
        var config = new DNSConfig();
        foreach (var fields in lines.Select(l => l.Trim().Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)))
        {
            switch (fields)
            {
                case ["nameserver", var server, ..]:
                    config.Servers.Add(server);
                    break;
                case ["search", ..]:
                    config.Searches.Clear();
                    config.Searches.Add(fields[1..].Select(s => s.TrimEnd('.')).Where(s => s.Length > 0));
                    break;
                case ["options", ..]:
                    config.Options.Clear();
                    config.Options.Add(fields[1..]);
                    break;
            }
        }

        return config;
    }

    private static DNSConfig ClusterFirst(V1Pod pod, NodeAgentOptions options, DNSConfig host)
    {
        var config = new DNSConfig { Options = { "ndots:5" } };
        config.Servers.Add(options.ClusterDns);
        if (options.ClusterDomain.Length > 0)
        {
            config.Searches.Add($"{pod.Metadata.NamespaceProperty}.svc.{options.ClusterDomain}");
            config.Searches.Add($"svc.{options.ClusterDomain}");
            config.Searches.Add(options.ClusterDomain);
        }

        AddNew(config.Searches, host.Searches);
        return config;
    }

    private static void Merge(DNSConfig config, V1PodDNSConfig extra)
    {
        AddNew(config.Servers, extra.Nameservers ?? []);
        AddNew(config.Searches, extra.Searches ?? []);
        foreach (var option in extra.Options ?? [])
        {
            var same = config.Options.FirstOrDefault(o => o.Split(':')[0] == option.Name);
            if (same is not null)
            {
                config.Options.Remove(same);
            }

            config.Options.Add(string.IsNullOrEmpty(option.Value) ? option.Name : $"{option.Name}:{option.Value}");
        }
    }

    private static PodDnsSettings Bounded(DNSConfig config)
    {
        var omissions = new List<string>();
        if (Replace(config.Servers, config.Servers.Take(MaxServers)))
        {
            omissions.Add("Nameserver limits were exceeded, some nameservers have been omitted, " +
                $"the applied nameserver line is: {string.Join(' ', config.Servers)}");
        }

        if (Replace(config.Searches, Fitting(config.Searches)))
        {
            omissions.Add("Search Line limits were exceeded, some search paths have been omitted, " +
                $"the applied search line is: {string.Join(' ', config.Searches)}");
        }

        return new PodDnsSettings(config, omissions);
    }

    private static IEnumerable<string> Fitting(IEnumerable<string> searches)
    {
        var length = -1; // there is no blank before the first
        return searches.Take(MaxSearches).Where(static s => s.Length <= MaxDomainCharacters)
            .TakeWhile(s => (length += 1 + s.Length) <= MaxSearchCharacters);
    }

    /// <summary>True when that left something out.</summary>
    private static bool Replace(RepeatedField<string> all, IEnumerable<string> some)
    {
        var (kept, count) = (some.ToList(), all.Count);
        all.Clear();
        all.Add(kept);
        return kept.Count < count;
    }

    private static void AddNew(ICollection<string> target, IEnumerable<string> values)
    {
        foreach (var value in values.Where(v => !target.Contains(v)))
        {
            target.Add(value);
        }
    }
}
