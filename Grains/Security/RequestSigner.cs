using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Security;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>
/// Certifies requests as upstream's local signer does: subject and alternative names are taken over, usages are those
/// that were ordered, and nothing else that the request asks for gets in.
/// </summary>
public static class RequestSigner
{
    /// <summary>Clocks of others may be behind ours.</summary>
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    /// <summary>Of a life shorter than this the backdating is not taken off.</summary>
    private static readonly TimeSpan Short = TimeSpan.FromHours(8);

    /// <summary>The certificate, PEM, never valid beyond the authority itself.</summary>
    public static string Sign(X509Certificate2 authority, SigningOrder order, DateTimeOffset now)
    {
        var contents = RequestContents.Read(order.Request);
        Invariant.Check(contents is not null, "only requests that validation let through are signed");
        using var key = authority.GetECDsaPrivateKey()!;
        var life = order.Validity < Short ? order.Validity : order.Validity - Backdate;
        var authorityEnd = new DateTimeOffset(authority.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        using var certificate = Describe(contents!, authority, order.Usages).Create(
            authority.SubjectName,
            X509SignatureGenerator.CreateForECDsa(key),
            now - Backdate,
            now + life < authorityEnd ? now + life : authorityEnd,
            RandomNumberGenerator.GetBytes(16));
        return certificate.ExportCertificatePem() + "\n";
    }

    private static CertificateRequest Describe(
        RequestContents contents, X509Certificate2 authority, IReadOnlyList<string> usages)
    {
        var request = new CertificateRequest(contents.Subject, contents.PublicKey, HashAlgorithmName.SHA256);
        var extensions = request.CertificateExtensions;
        if (KubernetesSigners.KeyUsageOf(usages) is var flags && flags != X509KeyUsageFlags.None)
        {
            extensions.Add(new X509KeyUsageExtension(flags, critical: true));
        }

        if (KubernetesSigners.ExtendedUsageOf(usages) is { Count: > 0 } purposes)
        {
            extensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        }

        extensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        extensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (contents.DnsNames.Count + contents.Emails.Count + contents.Addresses.Count + contents.Uris.Count > 0)
        {
            extensions.Add(AlternativeNames(contents));
        }

        return request;
    }

    private static X509Extension AlternativeNames(RequestContents contents)
    {
        var names = new SubjectAlternativeNameBuilder();
        contents.DnsNames.ToList().ForEach(names.AddDnsName);
        contents.Emails.ToList().ForEach(names.AddEmailAddress);
        contents.Addresses.ToList().ForEach(names.AddIpAddress);
        contents.Uris.ToList().ForEach(uri => names.AddUri(new Uri(uri)));
        return names.Build(critical: contents.Subject.RawData.Length == 2);
    }
}
