using k8s.Models;
using OrleansOrchestrator.NodeAgent.Cri.V1;
using OrleansOrchestrator.NodeAgent.PodRecords;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>
/// The resolver settings of a pod by its dnsPolicy and dnsConfig. Pure, but for reading the host's file.
/// </summary>
public static class PodDns
{
    private const int MaxServers = 3;
    private const int MaxSearches = 32;
    private const int MaxSearchCharacters = 2048;

    public static DNSConfig Compute(V1Pod pod, NodeAgentOptions options, DNSConfig host)
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

        config.Searches.Add(host.Searches);
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

    private static DNSConfig Bounded(DNSConfig config)
    {
        while (config.Servers.Count > MaxServers)
        {
            config.Servers.RemoveAt(MaxServers);
        }

        while (config.Searches.Count > MaxSearches || string.Join(' ', config.Searches).Length > MaxSearchCharacters)
        {
            config.Searches.RemoveAt(config.Searches.Count - 1);
        }

        return config;
    }

    private static void AddNew(ICollection<string> target, IEnumerable<string> values)
    {
        foreach (var value in values.Where(v => !target.Contains(v)))
        {
            target.Add(value);
        }
    }
}
