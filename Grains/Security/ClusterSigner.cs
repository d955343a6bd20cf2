using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>Has the keeper of the authority's key sign.</summary>
internal sealed class ClusterSigner(IGrainFactory grains) : ICertificateSigner
{
    /// <inheritdoc/>
    public async ValueTask<string> SignAsync(SigningOrder order, CancellationToken cancellationToken) =>
        await grains.GetGrain<IClusterIdentityGrain>(IClusterIdentityGrain.Key)
            .SignRequestAsync(order, cancellationToken);
}
