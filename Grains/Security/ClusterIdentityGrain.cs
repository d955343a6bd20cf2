using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>What is persisted of the cluster's identity.</summary>
[GenerateSerializer, Alias("orch.cluster-identity-state")]
public sealed class ClusterIdentityState
{
    [Id(0)]
    public string ClusterId { get; set; } = "";

    [Id(1)]
    public string AuthorityPem { get; set; } = "";

    [Id(2)]
    public string AuthorityKeyPem { get; set; } = "";

    [Id(3)]
    public string TokenKeyId { get; set; } = "";

    [Id(4)]
    public string TokenKeyPem { get; set; } = "";
}

/// <summary>
/// Holds the authority's and the token key. The state is written once, on the first activation ever; two activations
/// that race for that are told apart by the storage's ETag, and the loser fails its activation and reads the winner's
/// keys on the next.
/// </summary>
[GrainType("cluster-identity")]
public sealed class ClusterIdentityGrain(
    [PersistentState("identity")] IPersistentState<ClusterIdentityState> state,
    TimeProvider time) : Grain, IClusterIdentityGrain
{
    private X509Certificate2? _authority;
    private ECDsa? _tokenKey;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.ClusterId.Length == 0)
        {
            FillNewIdentity(state.State, time.GetUtcNow());
            await state.WriteStateAsync(cancellationToken);
        }

        _authority = X509Certificate2.CreateFromPem(state.State.AuthorityPem, state.State.AuthorityKeyPem);
        _tokenKey = ECDsa.Create();
        _tokenKey.ImportFromPem(state.State.TokenKeyPem);
    }

    /// <inheritdoc/>
    public Task<ClusterTrust> GetTrustAsync(CancellationToken cancellationToken) => Task.FromResult(new ClusterTrust
    {
        ClusterId = state.State.ClusterId,
        AuthorityPem = state.State.AuthorityPem,
        TokenKeyId = state.State.TokenKeyId,
        TokenPublicKeyPem = _tokenKey!.ExportSubjectPublicKeyInfoPem(),
    });

    /// <inheritdoc/>
    public Task<IssuedCertificate> IssueAsync(CertificateOrder order, CancellationToken cancellationToken) =>
        Task.FromResult(CertificateAuthority.Issue(_authority!, order, time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<byte[]> SignAsync(byte[] data, CancellationToken cancellationToken) =>
        Task.FromResult(_tokenKey!.SignData(data, HashAlgorithmName.SHA256));

    private static void FillNewIdentity(ClusterIdentityState identity, DateTimeOffset now)
    {
        identity.ClusterId = Guid.NewGuid().ToString();
        var (certificatePem, keyPem) = CertificateAuthority.Create(now);
        identity.AuthorityPem = certificatePem;
        identity.AuthorityKeyPem = keyPem;
        using var tokenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        identity.TokenKeyPem = tokenKey.ExportPkcs8PrivateKeyPem();
        identity.TokenKeyId = Convert.ToHexStringLower(SHA256.HashData(tokenKey.ExportSubjectPublicKeyInfo()))[..32];
    }
}
