using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// With what this silo proves to others that it is one of the cluster's, and how it knows them. Had at the first
/// connection, from PostgreSQL: a silo that is alone never pays for it.
/// </summary>
internal sealed class SiloCredentials(IClusterIdentityStore store, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Validity = TimeSpan.FromDays(365);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromDays(30);

    private readonly SemaphoreSlim _one = new(1, 1);
    private X509Certificate2? _authority;
    private SslStreamCertificateContext? _own;
    private long _issued;

    /// <summary>The certificate to show; issued anew when it is a month old.</summary>
    public async ValueTask<SslStreamCertificateContext> GetAsync(CancellationToken cancellationToken)
    {
        if (_own is { } known && time.GetElapsedTime(_issued) < RenewAfter)
        {
            return known;
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_own is null || time.GetElapsedTime(_issued) >= RenewAfter)
            {
                await IssueAsync(cancellationToken);
            }

            return _own!;
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>True for a silo of this cluster; only after <see cref="GetAsync"/>.</summary>
    public bool IsSilo(X509Certificate? certificate)
    {
        if (certificate is not X509Certificate2 shown || _authority is null)
        {
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(CertificateAuthority.SiloUsage));
        return chain.Build(shown);
    }

    public void Dispose()
    {
        _one.Dispose();
        _authority?.Dispose();
        _own?.TargetCertificate.Dispose();
    }

    private async Task IssueAsync(CancellationToken cancellationToken)
    {
        var identity = await store.GetAsync(cancellationToken);
        using var signer = X509Certificate2.CreateFromPem(identity.AuthorityPem, identity.AuthorityKeyPem);
        var order = new CertificateOrder { CommonName = "orc:silo", Validity = Validity };
        var issued = CertificateAuthority.Issue(signer, order, time.GetUtcNow(), CertificateAuthority.SiloUsage);
        using var pem = X509Certificate2.CreateFromPem(issued.CertificatePem, issued.KeyPem);
        _authority ??= X509Certificate2.CreateFromPem(identity.AuthorityPem);
        var own = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        _own = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true);
        _issued = time.GetTimestamp();
    }
}
