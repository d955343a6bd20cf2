using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Signatures of certificates that anybody with enough computers can forge.</summary>
internal static class Sha1Signature
{
    /// <summary>The algorithm in Go's words when a certificate is signed so; else null.</summary>
    public static string? Of(X509Certificate2 certificate) => certificate.SignatureAlgorithm.Value switch
    {
        "1.2.840.113549.1.1.5" or "1.3.14.3.2.29" => "SHA1-RSA",
        "1.2.840.10045.4.1" => "ECDSA-SHA1",
        _ => null,
    };
}
