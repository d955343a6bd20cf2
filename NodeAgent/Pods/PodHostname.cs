using System.Text;
using k8s.Models;

namespace OrleansOrchestrator.NodeAgent.Pods;

/// <summary>A pod's names for itself, and its /etc/hosts.</summary>
public static class PodHostname
{
    private const int MaxHostnameCharacters = 63;

    /// <summary>What the sandbox gets as its host name.</summary>
    public static string Hostname(V1Pod pod, string clusterDomain)
    {
        var name = ShortName(pod);
        return pod.Spec.SetHostnameAsFQDN == true && Domain(pod, clusterDomain) is { Length: > 0 } domain
            ? $"{name}.{domain}"
            : name;
    }

    /// <summary>The hosts file of a pod with its own network.</summary>
    public static string HostsFile(V1Pod pod, IReadOnlyList<string> podIps, string clusterDomain)
    {
        var text = new StringBuilder("# Kubernetes-managed hosts file.\n")
            .Append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n")
            .Append("fe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
        var name = ShortName(pod);
        var domain = Domain(pod, clusterDomain);
        foreach (var ip in podIps)
        {
            text.Append(ip).Append('\t').Append(domain.Length > 0 ? $"{name}.{domain}\t{name}" : name).Append('\n');
        }

        return text.Append(Aliases(pod)).ToString();
    }

    /// <summary>The hosts file of a pod on the node's network: the node's own, and the pod's aliases.</summary>
    public static string HostNetworkHostsFile(V1Pod pod, string nodeHostsFile) =>
        "# Kubernetes-managed hosts file (host network).\n" + nodeHostsFile + Aliases(pod);

    private static string Aliases(V1Pod pod)
    {
        if (pod.Spec.HostAliases is not { Count: > 0 } aliases)
        {
            return "";
        }

        var text = new StringBuilder("\n# Entries added by HostAliases.\n");
        foreach (var alias in aliases)
        {
            text.Append(alias.Ip).Append('\t').Append(string.Join('\t', alias.Hostnames ?? [])).Append('\n');
        }

        return text.ToString();
    }

    private static string ShortName(V1Pod pod)
    {
        if (pod.Spec.HostnameOverride is { Length: > 0 } whole)
        {
            return whole;
        }

        var name = string.IsNullOrEmpty(pod.Spec.Hostname) ? pod.Metadata.Name : pod.Spec.Hostname;
        return name.Length <= MaxHostnameCharacters ? name : name[..MaxHostnameCharacters].TrimEnd('-', '.');
    }

    private static string Domain(V1Pod pod, string clusterDomain) =>
        string.IsNullOrEmpty(pod.Spec.Subdomain) || !string.IsNullOrEmpty(pod.Spec.HostnameOverride)
        ? ""
        : $"{pod.Spec.Subdomain}.{pod.Metadata.NamespaceProperty}.svc.{clusterDomain}";
}
