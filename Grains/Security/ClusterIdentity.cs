using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>Everything that makes this cluster this cluster; private keys included.</summary>
public sealed record ClusterIdentity
{
    public required string ClusterId { get; init; }

    public required string AuthorityPem { get; init; }

    public required string AuthorityKeyPem { get; init; }

    /// <summary>Of the first key that signs tokens.</summary>
    public required string TokenKeyId { get; init; }

    public required string TokenKeyPem { get; init; }

    /// <summary>
    /// The authority that certifies API servers as clients of servers of aggregated APIs. It is another one than that
    /// of the cluster, whose certificates anybody may ask for in any name.
    /// </summary>
    public required string ProxyAuthorityPem { get; init; }

    public required string ProxyAuthorityKeyPem { get; init; }

    /// <summary>A new identity, for a new cluster.</summary>
    public static ClusterIdentity Create(DateTimeOffset now)
    {
        var (certificatePem, keyPem) = CertificateAuthority.Create("orleans-orchestrator-ca", now);
        var (proxyPem, proxyKeyPem) = CertificateAuthority.Create("orleans-orchestrator-front-proxy-ca", now);
        var tokenKey = TokenKeyRing.Create(now);
        return new ClusterIdentity
        {
            ClusterId = Chance.NewId().ToString(),
            AuthorityPem = certificatePem,
            AuthorityKeyPem = keyPem,
            ProxyAuthorityPem = proxyPem,
            ProxyAuthorityKeyPem = proxyKeyPem,
            TokenKeyPem = tokenKey.Pem,
            TokenKeyId = tokenKey.Id,
        };
    }

    /// <summary>The key that the cluster begins to sign tokens with.</summary>
    public SigningKey FirstTokenKey(DateTimeOffset now) => new()
    {
        Id = TokenKeyId, Pem = TokenKeyPem, SignsFrom = now, LastExpiry = SigningKey.Nothing,
    };
}

/// <summary>Where the identity is kept.</summary>
public interface IClusterIdentityStore
{
    /// <summary>The identity; made by whoever asks first, and the same for all ever after.</summary>
    Task<ClusterIdentity> GetAsync(CancellationToken cancellationToken);
}

/// <summary>The identity of a cluster that is gone with its process.</summary>
internal sealed class MemoryClusterIdentityStore(TimeProvider time) : IClusterIdentityStore
{
    private readonly Lazy<ClusterIdentity> _identity = new(() => ClusterIdentity.Create(time.GetUtcNow()));

    /// <inheritdoc/>
    public Task<ClusterIdentity> GetAsync(CancellationToken cancellationToken) => Task.FromResult(_identity.Value);
}

/// <summary>What the first release persisted of the cluster's identity, as the state of a grain.</summary>
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
