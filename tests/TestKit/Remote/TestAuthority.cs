using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.TestKit.Remote;

/// <summary>An authority of a test's own, which signs for servers.</summary>
public sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset Start = TimeProvider.System.GetUtcNow().AddDays(-1);

    private readonly X509Certificate2 _root;

    /// <param name="above">Who signs for it; null for itself.</param>
    public TestAuthority(TestAuthority? above = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(
            above is null ? "CN=test authority" : "CN=test intermediate", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (above is null)
        {
            _root = request.CreateSelfSigned(Start, Start.AddYears(1));
            return;
        }

        using var signed = request.Create(above._root, Start, Start.AddDays(180), RandomNumberGenerator.GetBytes(8));
        _root = signed.CopyWithPrivateKey(key);
    }

    /// <summary>As configurations have it: PEM.</summary>
    public byte[] Bundle => Encoding.UTF8.GetBytes(_root.ExportCertificatePem());

    /// <summary>A certificate for names; loopback addresses are always among them.</summary>
    public X509Certificate2 Issue(string[] names, TimeSpan? validity = null) =>
        Issue("test server", Alternatives(names), validity ?? TimeSpan.FromDays(90));

    /// <summary>A certificate as there were once: its common name is the server's, and it has no others.</summary>
    public X509Certificate2 IssueLegacy(string commonName) => Issue(commonName, null, TimeSpan.FromDays(90));

    public void Dispose() => _root.Dispose();

    private static X509Extension Alternatives(string[] names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            alternatives.AddDnsName(name);
        }

        alternatives.AddIpAddress(IPAddress.Loopback);
        return alternatives.Build();
    }

    private X509Certificate2 Issue(string commonName, X509Extension? alternatives, TimeSpan validity)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        if (alternatives is not null)
        {
            request.CertificateExtensions.Add(alternatives);
        }

        using var signed = request.Create(_root, Start, Start + validity, RandomNumberGenerator.GetBytes(8));
        using var whole = signed.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(whole.Export(X509ContentType.Pkcs12), null);
    }
}
