using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>
/// The certificate by which this server proves itself to servers of aggregated APIs: an operator's, or one of the
/// cluster's own.
/// </summary>
public sealed class ProxyCertificate(IGrainFactory grains, ProxyClientFiles? given, TimeProvider time)
{
    private readonly RenewedCertificate _own = new(
        (validity, cancellationToken) => grains.GetGrain<IClusterIdentityGrain>(IClusterIdentityGrain.Key)
            .IssueProxyClientAsync(validity, cancellationToken),
        time);

    private volatile string? _given = given?.Read();

    /// <summary>The one to use now, with its key (PEM); it stays usable when there is a newer one.</summary>
    public async ValueTask<string> GetAsync(CancellationToken cancellationToken) =>
        _given ?? await _own.GetAsync(cancellationToken);

    /// <summary>Takes another one of the operator's, with its key (PEM).</summary>
    public void Use(string pem) => _given = pem;
}
