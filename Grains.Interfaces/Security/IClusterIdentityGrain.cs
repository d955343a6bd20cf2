namespace OrleansOrchestrator.Interfaces.Security;

/// <summary>
/// Keeper of the cluster's identity: its id, certificate authority and token-signing keys, made on first use and
/// persisted. Its key is <see cref="Key"/>. Private keys of the authority and of tokens never leave this grain.
/// </summary>
[Alias("orch.cluster-identity")]
public interface IClusterIdentityGrain : IGrainWithStringKey
{
    /// <summary>The only key.</summary>
    public const string Key = "cluster";

    /// <summary>What everyone may know. Asking for it is also what has token keys replaced when they are old.</summary>
    [Alias("GetTrust")]
    Task<ClusterTrust> GetTrustAsync(CancellationToken cancellationToken);

    /// <summary>Issues a certificate with a fresh key, signed by the cluster's authority.</summary>
    [Alias("Issue")]
    Task<IssuedCertificate> IssueAsync(CertificateOrder order, CancellationToken cancellationToken);

    /// <summary>Issues the certificate by which an API server proves itself to servers of aggregated APIs.</summary>
    [Alias("IssueProxyClient")]
    Task<IssuedCertificate> IssueProxyClientAsync(TimeSpan validity, CancellationToken cancellationToken);

    /// <summary>Certifies the key of a request; answers with the certificate, PEM.</summary>
    [Alias("SignRequest")]
    Task<string> SignRequestAsync(SigningOrder order, CancellationToken cancellationToken);

    /// <summary>A token of a service account, signed with the key whose turn it is.</summary>
    [Alias("SignToken")]
    Task<string> SignTokenAsync(TokenSigning order, CancellationToken cancellationToken);
}

/// <summary>The public side of the cluster's identity.</summary>
[GenerateSerializer, Immutable, Alias("orch.cluster-trust")]
public sealed record ClusterTrust
{
    [Id(0)]
    public required string ClusterId { get; init; }

    /// <summary>Certificate of the authority, PEM.</summary>
    [Id(1)]
    public required string AuthorityPem { get; init; }

    /// <summary>Certificate of the authority that signs for API servers as clients of others, PEM.</summary>
    [Id(4)]
    public string ProxyAuthorityPem { get; init; } = "";

    /// <summary>
    /// The keys that tokens of service accounts may be signed with: those of now, of before, and the next.
    /// </summary>
    [Id(5)]
    public IReadOnlyList<TokenKey> TokenKeys { get; init; } = [];
}

/// <summary>A certificate to be issued.</summary>
[GenerateSerializer, Immutable, Alias("orch.certificate-order")]
public sealed record CertificateOrder
{
    /// <summary>The user name of a client certificate.</summary>
    [Id(0)]
    public required string CommonName { get; init; }

    /// <summary>The groups of a client certificate.</summary>
    [Id(1)]
    public IReadOnlyList<string> Organizations { get; init; } = [];

    [Id(2)]
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    [Id(3)]
    public IReadOnlyList<string> IpAddresses { get; init; } = [];

    [Id(4)]
    public required TimeSpan Validity { get; init; }
}

/// <summary>A certificate and its private key, PEM.</summary>
[GenerateSerializer, Immutable, Alias("orch.issued-certificate")]
public sealed record IssuedCertificate(
    [property: Id(0)] string CertificatePem,
    [property: Id(1)] string KeyPem);
