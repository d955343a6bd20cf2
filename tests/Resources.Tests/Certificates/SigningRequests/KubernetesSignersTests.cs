using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Resources.Certificates.SigningRequests;
using Xunit;

namespace OrleansOrchestrator.Resources.Tests.Certificates.SigningRequests;

/// <summary>What each signer of Kubernetes demands, in upstream's words and order.</summary>
public sealed class KubernetesSignersTests
{
    private const string Node = "O=system:nodes, CN=system:node:n1";
    private const string Client = "digital signature,client auth";
    private const string Serving = "digital signature,server auth";
    private const string RsaServing = "digital signature,key encipherment,server auth";

    [Theory]
    [InlineData(KubernetesSigners.KubeletClient, Node, "", Client, null)]
    [InlineData(KubernetesSigners.KubeletClient, Node, "", "client auth,key encipherment,digital signature", null)]
    [InlineData(KubernetesSigners.KubeletClient, "O=devs, CN=system:node:n1", "", Client,
        "subject organization is not system:nodes")]
    [InlineData(KubernetesSigners.KubeletClient, "O=devs, O=system:nodes, CN=system:node:n1", "", Client,
        "subject organization is not system:nodes")]
    [InlineData(KubernetesSigners.KubeletClient, "O=system:nodes, CN=jane", "", Client,
        "subject common name does not begin with system:node:")]
    [InlineData(KubernetesSigners.KubeletClient, Node, "dns", Client, "DNS subjectAltNames are not allowed")]
    [InlineData(KubernetesSigners.KubeletClient, Node, "email,ip", Client, "Email subjectAltNames are not allowed")]
    [InlineData(KubernetesSigners.KubeletClient, Node, "ip", Client, "IP subjectAltNames are not allowed")]
    [InlineData(KubernetesSigners.KubeletClient, Node, "uri", Client, "URI subjectAltNames are not allowed")]
    [InlineData(KubernetesSigners.KubeletClient, Node, "", Serving,
        "usages did not match [client auth digital signature key encipherment]")]
    [InlineData(KubernetesSigners.KubeletServing, Node, "dns,ip", Serving, null)]
    [InlineData(KubernetesSigners.KubeletServing, Node, "ip", RsaServing, null)]
    [InlineData(KubernetesSigners.KubeletServing, Node, "", Serving, "DNS or IP subjectAltName is required")]
    [InlineData(KubernetesSigners.KubeletServing, Node, "ip,uri", Serving, "URI subjectAltNames are not allowed")]
    [InlineData(KubernetesSigners.KubeletServing, "O=system:nodes, CN=x", "ip", Client,
        "usages did not match [digital signature key encipherment server auth]")]
    [InlineData(KubernetesSigners.KubeletServing, "O=system:nodes, CN=x", "ip", Serving,
        "subject common name does not begin with system:node:")]
    [InlineData(KubernetesSigners.ApiClient, "CN=jane", "dns", "client auth", null)]
    [InlineData(KubernetesSigners.ApiClient, "CN=jane", "", "client auth,cert sign",
        "invalid usage for client certificate: cert sign")]
    [InlineData(KubernetesSigners.ApiClient, "CN=jane", "", "digital signature",
        "missing required usage for client certificate: client auth")]
    [InlineData(KubernetesSigners.Legacy, "CN=jane", "uri", "cert sign", null)]
    public void Each_has_its_demands(string signer, string subject, string names, string usages, string? complaint)
    {
        var contents = RequestContents.Read(Request(subject, names.Split(',')));
        Assert.NotNull(contents);
        Assert.Equal(complaint, KubernetesSigners.Complaint(signer, contents, usages.Split(',')));
    }

    [Fact]
    public void All_that_is_asked_for_is_read()
    {
        var contents = RequestContents.Read(Request(Node, ["dns", "ip", "email", "uri"]))!;
        Assert.Equal(("system:node:n1", "n1.example"), (contents.CommonName, Assert.Single(contents.DnsNames)));
        Assert.Equal(IPAddress.Parse("10.0.0.1"), Assert.Single(contents.Addresses));
        Assert.Equal(("a@n1.example", "https://n1.example/"), (contents.Emails[0], contents.Uris[0]));
        Assert.Null(RequestContents.Read("no PEM"u8.ToArray()));
        Assert.Null(RequestContents.Read(null));
    }

    internal static byte[] Request(string subject, params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            switch (name)
            {
                case "dns": alternatives.AddDnsName("n1.example"); break;
                case "ip": alternatives.AddIpAddress(IPAddress.Parse("10.0.0.1")); break;
                case "email": alternatives.AddEmailAddress("a@n1.example"); break;
                case "uri": alternatives.AddUri(new Uri("https://n1.example/")); break;
            }
        }

        if (names.Any(static n => n.Length > 0))
        {
            request.CertificateExtensions.Add(alternatives.Build());
        }

        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem());
    }
}
