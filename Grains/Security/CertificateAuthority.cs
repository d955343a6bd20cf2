using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// Makes the cluster's authority and signs certificates with it. P-256 throughout: small and fast handshakes.
/// </summary>
public static class CertificateAuthority
{
    private static readonly TimeSpan AuthorityValidity = TimeSpan.FromDays(3650);

    // Clocks of joining machines may be behind ours.
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The extended key usage of a silo's certificate, which no certificate has that a client can get. (An identifier
    /// made of a UUID needs no registration.)
    /// </summary>
    public const string SiloUsage = "2.25.326836725110006027688902656164796131023";

    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    /// <summary>A new self-signed authority: certificate and private key, PEM.</summary>
    public static (string CertificatePem, string KeyPem) Create(string name, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign | X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        using var certificate = request.CreateSelfSigned(now - Backdate, now + AuthorityValidity);
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>
    /// A certificate for servers and clients alike, never valid beyond the authority itself; for one special usage when
    /// that is given.
    /// </summary>
    public static IssuedCertificate Issue(
        X509Certificate2 authority, CertificateOrder order, DateTimeOffset now, string? usage = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject(order), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension(
                usage is null ? [ServerAuthentication, ClientAuthentication] : [new Oid(usage)], critical: false));
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        AddAlternativeNames(request, order);

        var end = now + order.Validity;
        var authorityEnd = new DateTimeOffset(authority.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        using var certificate = request.Create(
            authority, now - Backdate, end < authorityEnd ? end : authorityEnd, RandomNumberGenerator.GetBytes(16));
        return new IssuedCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private static X500DistinguishedName Subject(CertificateOrder order)
    {
        var subject = new X500DistinguishedNameBuilder();
        foreach (var organization in order.Organizations)
        {
            subject.AddOrganizationName(organization);
        }

        subject.AddCommonName(order.CommonName);
        return subject.Build();
    }

    private static void AddAlternativeNames(CertificateRequest request, CertificateOrder order)
    {
        if (order.DnsNames.Count + order.IpAddresses.Count == 0)
        {
            return;
        }

        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in order.DnsNames)
        {
            names.AddDnsName(name);
        }

        foreach (var address in order.IpAddresses)
        {
            names.AddIpAddress(IPAddress.Parse(address));
        }

        request.CertificateExtensions.Add(names.Build());
    }
}
