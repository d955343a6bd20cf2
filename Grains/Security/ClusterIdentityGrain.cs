using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>Signs with the authority's and the token key, which are the same for every activation.</summary>
[GrainType("cluster-identity")]
public sealed class ClusterIdentityGrain(IClusterIdentityStore store, TimeProvider time) : Grain, IClusterIdentityGrain
{
    private ClusterIdentity? _identity;
    private X509Certificate2? _authority;
    private X509Certificate2? _proxyAuthority;
    private ECDsa? _tokenKey;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _identity = await store.GetAsync(cancellationToken);
        _authority = X509Certificate2.CreateFromPem(_identity.AuthorityPem, _identity.AuthorityKeyPem);
        _proxyAuthority =
            X509Certificate2.CreateFromPem(_identity.ProxyAuthorityPem, _identity.ProxyAuthorityKeyPem);
        _tokenKey = ECDsa.Create();
        _tokenKey.ImportFromPem(_identity.TokenKeyPem);
    }

    /// <inheritdoc/>
    public Task<ClusterTrust> GetTrustAsync(CancellationToken cancellationToken) => Task.FromResult(new ClusterTrust
    {
        ClusterId = _identity!.ClusterId,
        AuthorityPem = _identity.AuthorityPem,
        TokenKeyId = _identity.TokenKeyId,
        TokenPublicKeyPem = _tokenKey!.ExportSubjectPublicKeyInfoPem(),
        ProxyAuthorityPem = _identity.ProxyAuthorityPem,
    });

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
    public Task<byte[]> SignAsync(byte[] data, CancellationToken cancellationToken) =>
        Task.FromResult(_tokenKey!.SignData(data, HashAlgorithmName.SHA256));
}
