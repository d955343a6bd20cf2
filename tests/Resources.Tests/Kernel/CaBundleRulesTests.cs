using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Kernel;

public sealed class CaBundleRulesTests
{
    private const string NoPem = "unable to load root certificates: unable to parse bytes as PEM block";

    private static readonly string Certificate = MakeCertificate();

    private static readonly string NoCertificate = PemEncoding.WriteString("CERTIFICATE", [1, 2, 3]);

    private static readonly string Key = PemEncoding.WriteString("EC PRIVATE KEY", [1, 2, 3]);

    public static TheoryData<string, string?> Bundles { get; } = new()
    {
        { "", null },
        { Certificate, null },
        { $"{Certificate}\n{Certificate}\n", null },
        { $"# ours\n{Key}\n{Certificate}\nand so on", null },
        { $"{NoCertificate}\n{Certificate}\n", null },
        { "\n", NoPem },
        { "Zm9v", NoPem },
        { Certificate[..^10], NoPem },
        {
            $"{NoCertificate}\n",
            "unable to load root certificates: failed to parse certificate: x509: malformed certificate"
        },
        { $"{Key}\n", "unable to load root certificates: no valid certificate authority data seen" },
        { $"{Key}\n\n", NoPem },
    };

    [Theory]
    [MemberData(nameof(Bundles))]
    public void A_bundle_has_one_certificate_at_least(string bundle, string? complaint) =>
        Assert.Equal(complaint, CaBundleRules.Complaint(Encoding.UTF8.GetBytes(bundle)));

    [Fact]
    public void A_finding_shows_the_bytes_as_upstream_does()
    {
        var errors = new FieldErrors();
        CaBundleRules.Validate("\n-"u8.ToArray(), FieldPath.Of("spec", "caBundle"), errors);
        Assert.Equal($"spec.caBundle: Invalid value: []byte{{0xa, 0x2d}}: {NoPem}", errors.ToText());
    }

    private static string MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=authority", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(
            new DateTimeOffset(2001, 1, 1, 0, 0, 0, TimeSpan.Zero),
            new DateTimeOffset(2101, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return certificate.ExportCertificatePem();
    }
}
