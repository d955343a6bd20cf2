using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.RequestHeaders;

/// <summary>
/// An operator's own certificate, by which this server proves itself to servers of aggregated APIs: upstream's
/// <c>--proxy-client-*</c>.
/// </summary>
/// <param name="CertificateFile">The certificate, PEM.</param>
/// <param name="KeyFile">Its key, PEM.</param>
public sealed record ProxyClientFiles(string CertificateFile, string KeyFile)
{
    /// <summary>Both in one text.</summary>
    /// <exception cref="ConfigurationException">They are no pair.</exception>
    public string Read()
    {
        var (certificate, key) = (File.ReadAllText(CertificateFile), File.ReadAllText(KeyFile));
        try
        {
            using var pair = X509Certificate2.CreateFromPem(certificate, key);
            return $"{certificate.TrimEnd()}\n{key}";
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new ConfigurationException(
                $"{GoText.Quote(CertificateFile)} and {GoText.Quote(KeyFile)} are no certificate and its key: "
                + error.Message);
        }
    }
}
