using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Api.Remote;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Remote;

/// <summary>A server is known by the alternative names of its certificate, as Go has it, and by nothing else.</summary>
public sealed class ServerTrustTests
{
    private const string Failed = "tls: failed to verify certificate: x509: ";
    private const SslPolicyErrors WrongName = SslPolicyErrors.RemoteCertificateNameMismatch;

    [Theory]
    [InlineData("a.b.svc", "a.b.svc", "a.b.svc", SslPolicyErrors.None, null)]
    [InlineData("a.b.svc", "x", "*.b.svc", SslPolicyErrors.None, null)]
    [InlineData("127.0.0.1", "x", "127.0.0.1", SslPolicyErrors.None, null)]
    [InlineData(
        "a.b.svc", "a.b.svc", "", SslPolicyErrors.None, "certificate relies on legacy Common Name field, use SANs instead")]
    [InlineData("a.b.svc", "x", "", WrongName, "certificate is not valid for any names, but wanted to match a.b.svc")]
    [InlineData("a.b.svc", "a.b.svc", "c.svc,d.svc,127.0.0.1", WrongName, "certificate is valid for c.svc, d.svc, not a.b.svc")]
    [InlineData("127.0.0.1", "x", "c.svc,::1", WrongName, "certificate is valid for ::1, not 127.0.0.1")]
    [InlineData(
        "127.0.0.1", "x", "c.svc", WrongName,
        "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs")]
    public void NamesAreJudgedAsGoDoes(
        string server, string commonName, string alternatives, SslPolicyErrors found, string? complaint)
    {
        var target = new RemoteTarget(server, 443, "/", "", null) { Origin = $"https://{server}" };
        var check = new ServerTrust(target, TimeProvider.System).Options(null).RemoteCertificateValidationCallback!;
        using var shown = Certificate(commonName, alternatives);
        if (complaint is null)
        {
            Assert.True(check(this, shown, null, found));
            return;
        }

        var failure = Assert.Throws<RemoteFailureException>(() => check(this, shown, null, found));
        Assert.Equal(Failed + complaint, failure.Message);
    }

    [Fact]
    public void WhatIsNoAuthorityOfABundleIsPassedOver()
    {
        using var good = Certificate("x", "");
        var bad = PemEncoding.WriteString("CERTIFICATE", [1, 2, 3]);
        var bundle = System.Text.Encoding.UTF8.GetBytes($"{bad}\n{good.ExportCertificatePem()}\n{bad}");
        var target = RemoteTarget.OfUrl("https://a.svc", bundle)!;
        var policy = new ServerTrust(target, TimeProvider.System).Options(null).CertificateChainPolicy!;
        Assert.Equal(good.Thumbprint, Assert.Single(policy.CustomTrustStore).Thumbprint);
    }

    /// <summary>What is signed with SHA-1 is trusted no more, but for what is trusted itself.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void SignaturesWithSha1AreNone(bool isLeafWeak, bool isRootWeak)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = Issue("root", key, key, isRootWeak);
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var shown = Issue("a.svc", own, key, isLeafWeak);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.Build(shown);
        Assert.Equal(2, chain.ChainElements.Count);
        var bundle = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(authority.ExportCertificatePem()));
        var target = new RemoteTarget("a.svc", 443, "/", bundle, null) { Origin = "https://a.svc" };
        var check = new ServerTrust(target, TimeProvider.System).Options(null).RemoteCertificateValidationCallback!;
        if (!isLeafWeak)
        {
            Assert.True(check(this, shown, chain, SslPolicyErrors.None));
            return;
        }

        var failure = Assert.Throws<RemoteFailureException>(() => check(this, shown, chain, SslPolicyErrors.None));
        Assert.Equal(
            $"{Failed}certificate signed by unknown authority (possibly because of \"x509: cannot verify signature: "
                + "insecure algorithm ECDSA-SHA1\" while trying to verify candidate authority certificate \"root\")",
            failure.Message);
        Assert.Equal(CertificateFlaws.Sha1, failure.Flaws);
    }

    /// <summary>Who takes every certificate is told of those that others do not take.</summary>
    [Theory]
    [InlineData("", true)]
    [InlineData("a.svc", false)]
    public void FlawsOfWhatIsTakenAreKnown(string alternatives, bool missesNames)
    {
        var target = new RemoteTarget("a.svc", 443, "/", "", null) { Origin = "https://a.svc", IsInsecure = true };
        var trust = new ServerTrust(target, TimeProvider.System);
        using var shown = Certificate("a.svc", alternatives);

        Assert.True(trust.Options(null).RemoteCertificateValidationCallback!(
            this, shown, null, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.Equal(missesNames ? CertificateFlaws.MissingNames : CertificateFlaws.None, trust.Flaws);
    }

    /// <summary>A root is trusted for itself, however it is signed.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Sha1OfWhatIsTakenIsKnown(bool isLeafWeak, bool isRootWeak)
    {
        var target = new RemoteTarget("a.svc", 443, "/", "", null) { Origin = "https://a.svc", IsInsecure = true };
        var trust = new ServerTrust(target, TimeProvider.System);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = Issue("root", key, key, isRootWeak);
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var shown = Issue("a.svc", own, key, isLeafWeak);
        using var chain = new X509Chain();
        chain.ChainPolicy.ExtraStore.Add(authority);

        Assert.True(trust.Options(null).RemoteCertificateValidationCallback!(
            this, shown, chain, SslPolicyErrors.RemoteCertificateChainErrors));
        Assert.Equal(isLeafWeak ? CertificateFlaws.Sha1 : CertificateFlaws.None, trust.Flaws);
    }

    /// <summary>Signed by the authority <c>root</c>, which is one itself.</summary>
    private static X509Certificate2 Issue(string name, ECDsa own, ECDsa authority, bool isWeak)
    {
        var request = new CertificateRequest($"CN={name}", own, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(ReferenceEquals(own, authority), false, 0, true));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        var signer = X509SignatureGenerator.CreateForECDsa(authority);
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(
            new X500DistinguishedName("CN=root"), isWeak ? new WeakSigner(authority, signer) : signer,
            now.AddDays(-1), now.AddDays(1), [1, 2, 3]);
    }

    private static X509Certificate2 Certificate(string commonName, string alternatives)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in alternatives.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(name);
            }
        }

        if (alternatives.Length > 0)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    /// <summary>Signs with SHA-1, which .NET does no more.</summary>
    private sealed class WeakSigner(ECDsa key, X509SignatureGenerator strong) : X509SignatureGenerator
    {
        /// <summary>The object identifier of <c>ecdsa-with-SHA1</c>, 1.2.840.10045.4.1, in DER.</summary>
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) =>
            [0x30, 0x09, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x01];

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence);

        protected override PublicKey BuildPublicKey() => strong.PublicKey;
    }
}
