using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Certificates.SigningRequests;

/// <summary>
/// What is wrong with a request or a certificate in PEM, in the words of Go's library where it has some.
/// </summary>
public static class PemRequests
{
    private const string RequestLabel = "CERTIFICATE REQUEST";
    private const string CertificateLabel = "CERTIFICATE";

    /// <summary>Null for a request that is signed with the key that it is for.</summary>
    public static string? Complaint(byte[]? pem)
    {
        if (PemBlock.Find(Encoding.Latin1.GetString(pem ?? [])) is not { Label: RequestLabel } block)
        {
            return "PEM block type must be CERTIFICATE REQUEST";
        }

        try
        {
            Load(block.Bytes, CertificateRequestLoadOptions.Default);
            return null;
        }
        catch (CryptographicException)
        {
            return IsRequest(block.Bytes)
                ? "x509: signature verification failed"
                : "asn1: syntax error: data truncated";
        }
    }

    /// <summary>The subject of a request; null when it is none.</summary>
    public static X500DistinguishedName? Subject(byte[]? pem)
    {
        try
        {
            return PemBlock.Find(Encoding.Latin1.GetString(pem ?? [])) is { Label: RequestLabel } block
                ? Load(block.Bytes, CertificateRequestLoadOptions.SkipSignatureValidation).SubjectName
                : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>
    /// A request with the extensions that it asks for, whose signature validation has checked; null when there is none.
    /// </summary>
    internal static CertificateRequest? Load(byte[]? pem) =>
        PemBlock.Find(Encoding.Latin1.GetString(pem ?? [])) is { Label: RequestLabel } block
            ? Load(
                block.Bytes,
                CertificateRequestLoadOptions.SkipSignatureValidation
                    | CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions)
            : null;

    /// <summary>When the first of certificates ends; null when there is none.</summary>
    public static DateTimeOffset? EndOf(byte[]? pem)
    {
        if (CertificateComplaint(pem) is not null
            || PemBlock.Find(Encoding.Latin1.GetString(pem ?? [])) is not { } block)
        {
            return null;
        }

        using var certificate = X509CertificateLoader.LoadCertificate(block.Bytes);
        return certificate.NotAfter.ToUniversalTime();
    }

    /// <summary>Null for certificates, one after the other, and for nothing at all.</summary>
    public static string? CertificateComplaint(byte[]? pem)
    {
        var text = Encoding.Latin1.GetString(pem ?? []);
        if (text.Length == 0)
        {
            return null;
        }

        var found = false;
        for (var next = PemBlock.Find(text); next is { } block; next = PemBlock.Find(text, block.End))
        {
            if (block.Label != CertificateLabel)
            {
                return $"only CERTIFICATE PEM blocks are allowed, found \"{block.Label}\"";
            }

            if (!IsCertificate(block.Bytes))
            {
                return "x509: malformed certificate";
            }

            found = true;
        }

        return found ? null : "must contain at least one CERTIFICATE PEM block";
    }

    private static CertificateRequest Load(byte[] bytes, CertificateRequestLoadOptions options) =>
        CertificateRequest.LoadSigningRequest(
            bytes, HashAlgorithmName.SHA256, options, RSASignaturePadding.Pkcs1);

    private static bool IsRequest(byte[] bytes)
    {
        try
        {
            Load(bytes, CertificateRequestLoadOptions.SkipSignatureValidation);
            return true;
        }
        catch (Exception error) when (error is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    private static bool IsCertificate(byte[] bytes)
    {
        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(bytes);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
