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
}
