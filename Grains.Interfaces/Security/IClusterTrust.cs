namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>What clients inside the cluster need in order to trust its API.</summary>
public interface IClusterTrust
{
    /// <summary>
    /// Certificates of the cluster's authorities as PEM: the content of <c>ca.crt</c> in every namespace's
    /// <c>kube-root-ca.crt</c>.
    /// </summary>
    ValueTask<string> GetAuthorityPemAsync(CancellationToken cancellationToken);

    /// <summary>By what servers of aggregated APIs know this cluster's API servers.</summary>
    ValueTask<FrontProxyTrust> GetFrontProxyTrustAsync(CancellationToken cancellationToken);
}
