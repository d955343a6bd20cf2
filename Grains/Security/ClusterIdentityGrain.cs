using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>Signs with the authority's and the token keys, which are the same for every activation.</summary>
[GrainType("cluster-identity")]
public sealed class ClusterIdentityGrain(
    IClusterIdentityStore store, ITokenKeyStore tokenKeys, TokenKeyOptions tokenOptions, TimeProvider time,
    ILoggerFactory loggers) : Grain, IClusterIdentityGrain
{
    private readonly TokenSigner _tokens =
        new(tokenKeys, tokenOptions, time, loggers.CreateLogger<TokenSigner>());

    private ClusterIdentity? _identity;
    private X509Certificate2? _authority;
    private X509Certificate2? _proxyAuthority;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _identity = await store.GetAsync(cancellationToken);
        _authority = X509Certificate2.CreateFromPem(_identity.AuthorityPem, _identity.AuthorityKeyPem);
        _proxyAuthority =
            X509Certificate2.CreateFromPem(_identity.ProxyAuthorityPem, _identity.ProxyAuthorityKeyPem);
    }

    /// <inheritdoc/>
    public async Task<ClusterTrust> GetTrustAsync(CancellationToken cancellationToken) => new()
    {
        ClusterId = _identity!.ClusterId,
        AuthorityPem = _identity.AuthorityPem,
        ProxyAuthorityPem = _identity.ProxyAuthorityPem,
        TokenKeys = await _tokens.KeepAsync(cancellationToken),
    };

    /// <inheritdoc/>
    public Task<IssuedCertificate> IssueAsync(CertificateOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(CertificateAuthority.Issue(_authority!, order, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<IssuedCertificate> IssueProxyClientAsync(TimeSpan validity, CancellationToken cancellationToken) =>
        Task.FromResult(CertificateAuthority.Issue(
            _proxyAuthority!, new CertificateOrder { CommonName = FrontProxy.ClientName, Validity = validity },
            time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<string> SignRequestAsync(SigningOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(RequestSigner.Sign(_authority!, order, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<string> SignTokenAsync(TokenSigning order, CancellationToken cancellationToken) =>
        _tokens.SignAsync(order, cancellationToken);
}
