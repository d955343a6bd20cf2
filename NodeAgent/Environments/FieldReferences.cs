using k8s.Models;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.NodeAgent.Environments;

/// <summary>The pod fields that the downward API gives to containers, by path.</summary>
public static class FieldReferences
{
    /// <summary>
    /// Value of a field for a pod whose addresses the runtime knows before the API does; null for an unknown path.
    /// </summary>
    public static string? Value(V1Pod pod, string path, PodAddresses addresses)
    {
        if (Subscript(path) is var (field, key))
        {
            var map = field switch
            {
                "metadata.labels" => pod.Metadata.Labels,
                "metadata.annotations" => pod.Metadata.Annotations,
                _ => null,
            };
            return field is "metadata.labels" or "metadata.annotations"
                ? map is not null && map.TryGetValue(key, out var value) ? value : ""
                : null;
        }

        return path switch
        {
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.NamespaceProperty,
            "metadata.uid" => pod.Metadata.Uid,
            "metadata.labels" => Format(pod.Metadata.Labels),
            "metadata.annotations" => Format(pod.Metadata.Annotations),
            "spec.nodeName" => pod.Spec.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName,
            "spec.restartPolicy" => pod.Spec.RestartPolicy,
            "status.hostIP" => addresses.HostIps.FirstOrDefault(""),
            "status.hostIPs" => string.Join(',', addresses.HostIps),
            "status.podIP" => addresses.PodIps.FirstOrDefault(""),
            "status.podIPs" => string.Join(',', addresses.PodIps),
            _ => null,
        };
    }

    /// <summary>Sorted <c>key="value"</c> lines with Go's quoting, as the downward API volume has them.</summary>
    public static string Format(IDictionary<string, string>? map) => string.Join(
        '\n', (map ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal)
            .Select(p => $"{p.Key}={GoQuotes.Quote(p.Value)}"));

    private static (string Field, string Key)? Subscript(string path)
    {
        var open = path.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && path.EndsWith("']", StringComparison.Ordinal) ? (path[..open], path[(open + 2)..^2]) : null;
    }
}

/// <summary>Addresses as the node knows them when it starts containers.</summary>
public sealed record PodAddresses(IReadOnlyList<string> HostIps, IReadOnlyList<string> PodIps);
