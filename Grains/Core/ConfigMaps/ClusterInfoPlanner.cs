using k8s.Models;
using OrleansOrchestrator.Resources.Core.Secrets;

namespace OrleansOrchestrator.Grains.Core.ConfigMaps;

/// <summary>
/// The signatures of <c>cluster-info</c>, by which a machine that has nothing but a bootstrap token knows the cluster
/// (upstream's bootstrap signer).
/// </summary>
public static class ClusterInfoPlanner
{
    public const string Namespace = "kube-public";
    public const string Name = "cluster-info";

    private const string Kubeconfig = "kubeconfig";
    private const string SignaturePrefix = "jws-kubeconfig-";

    /// <summary>What the ConfigMap must hold; null when it does, or has nothing to sign.</summary>
    public static IDictionary<string, string>? Compute(
        V1ConfigMap info, IEnumerable<BootstrapToken> tokens, DateTimeOffset now)
    {
        if (info.Data is not { } data || !data.TryGetValue(Kubeconfig, out var content))
        {
            return null;
        }

        var wanted = data.Where(d => !d.Key.StartsWith(SignaturePrefix, StringComparison.Ordinal))
            .ToDictionary(StringComparer.Ordinal);
        foreach (var token in tokens.Where(t => t.Signs && !(t.Expires <= now)))
        {
            wanted[SignaturePrefix + token.Id] = token.Sign(content);
        }

        return wanted.Count == data.Count
            && wanted.All(w => data.TryGetValue(w.Key, out var value) && value == w.Value)
                ? null
                : wanted;
    }
}
