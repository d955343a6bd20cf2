using System.Security.Cryptography;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>Everything that makes this cluster this cluster; private keys included.</summary>
public sealed record ClusterIdentity
{
    public required string ClusterId { get; init; }

    public required string AuthorityPem { get; init; }

    public required string AuthorityKeyPem { get; init; }

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
        using var tokenKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new ClusterIdentity
        {
            ClusterId = Chance.NewId().ToString(),
            AuthorityPem = certificatePem,
            AuthorityKeyPem = keyPem,
            ProxyAuthorityPem = proxyPem,
            ProxyAuthorityKeyPem = proxyKeyPem,
            TokenKeyPem = tokenKey.ExportPkcs8PrivateKeyPem(),
            TokenKeyId = Convert.ToHexStringLower(SHA256.HashData(tokenKey.ExportSubjectPublicKeyInfo()))[..32],
        };
    }
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
