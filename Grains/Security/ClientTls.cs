using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Grains.Security;

/// <summary>How connections to servers that somebody configured are secured.</summary>
internal static class ClientTls
{
    /// <summary>What such a connection trusts and shows.</summary>
    /// <param name="authorities">Those that are trusted, in place of the machine's; empty for the machine's.</param>
    /// <param name="client">What is shown to the server; null for nothing.</param>
    public static SslClientAuthenticationOptions Options(
        IReadOnlyCollection<X509Certificate2> authorities, X509Certificate2? client)
    {
        var options = new SslClientAuthenticationOptions
        {
            ClientCertificateContext =
                client is null ? null : SslStreamCertificateContext.Create(client, null, offline: true),
        };
        if (authorities.Count > 0)
        {
            options.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities.ToArray());
        }

        return options;
    }
}
