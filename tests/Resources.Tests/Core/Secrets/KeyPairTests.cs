using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Resources.Core.Secrets;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Core.Secrets;

public sealed class KeyPairTests
{
    private static readonly ECDsa Key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static readonly string Certificate = new CertificateRequest("CN=a", Key, HashAlgorithmName.SHA256)
        .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddDays(1)).ExportCertificatePem();

    public static TheoryData<string, string, string?> Cases { get; } = new()
    {
        { Certificate, Key.ExportECPrivateKeyPem(), null },
        { Certificate, $"{Certificate}\n{Key.ExportPkcs8PrivateKeyPem()}", null },
        {
            Certificate, Key.ExportSubjectPublicKeyInfoPem(),
            "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM "
            + "blocks of the following types: [PUBLIC KEY]"
        },
        { Certificate, Certificate, "tls: found a certificate rather than a key in the PEM for the private key" },
        { "", "", "tls: failed to find any PEM data in certificate input" },
        { Certificate, PemEncoding.WriteString("PRIVATE KEY", new byte[500_000]), "tls: failed to parse private key" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void WhatMakesNoPairIsSaidInGosWords(string certificate, string key, string? wanted) => Assert.Equal(
        wanted, KeyPair.FindError(Encoding.ASCII.GetBytes(certificate), Encoding.ASCII.GetBytes(key)));
}
