using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Credentials;

/// <summary>A certificate that the node wants, in the form that the cluster's signers want it.</summary>
public sealed record CertificateWish
{
    private const string Organization = "system:nodes";
    private const string CommonNamePrefix = "system:node:";
    private const string Signature = "digital signature";

    /// <summary>Who signs.</summary>
    public required string Signer { get; init; }

    /// <summary>The node.</summary>
    public required string NodeName { get; init; }

    /// <summary>What the certificate is for.</summary>
    public required string Purpose { get; init; }

    /// <summary>Names of the node under which it is reached.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    /// <summary>Addresses of the node.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Usages as a request names them.</summary>
    public IList<string> Usages => [Signature, Purpose];

    /// <summary>The certificate by which a node shows the API who it is.</summary>
    public static CertificateWish Client(string nodeName) => new()
    {
        Signer = "kubernetes.io/kube-apiserver-client-kubelet", NodeName = nodeName, Purpose = "client auth",
    };

    /// <summary>The certificate that a node shows on its port.</summary>
    public static CertificateWish Serving(string nodeName, IReadOnlyList<string> addresses) => new()
    {
        Signer = "kubernetes.io/kubelet-serving", NodeName = nodeName, Purpose = "server auth",
        DnsNames = [nodeName], Addresses = addresses,
    };

    /// <summary>A certificate says all that is wished.</summary>
    public bool IsMetBy(X509Certificate2 certificate) => DnsNames.Concat(Addresses).All(
        name => certificate.MatchesHostname(name, allowWildcards: false, allowCommonName: false));

    /// <summary>The request for a key, as PEM.</summary>
    public byte[] Request(ECDsa key)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(Organization);
        subject.AddCommonName(CommonNamePrefix + NodeName);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        if (DnsNames.Count + Addresses.Count > 0)
        {
            var names = new SubjectAlternativeNameBuilder();
            foreach (var name in DnsNames)
            {
                names.AddDnsName(name);
            }

            foreach (var address in Addresses)
            {
                names.AddIpAddress(IPAddress.Parse(address));
            }

            request.CertificateExtensions.Add(names.Build());
        }

        return Encoding.ASCII.GetBytes(request.CreateSigningRequestPem() + "\n");
    }

    /// <summary>
    /// The name of the request with which a machine begins: the same for the same key, so that one that starts again
    /// while it waits goes on waiting.
    /// </summary>
    public string FirstName(ECDsa key)
    {
        var text = $"{CommonNamePrefix}{NodeName}\n{Organization}\n{Signer}\n{string.Join('\n', Usages)}";
        var digest = SHA256.HashData([.. key.ExportSubjectPublicKeyInfo(), .. Encoding.UTF8.GetBytes(text)]);
        return $"node-csr-{Convert.ToBase64String(digest).TrimEnd('=').Replace('+', '-').Replace('/', '_')}";
    }
}
