using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Resources.Core.Secrets;

/// <summary>
/// Why a certificate and a private key in PEM make no pair, in the words of Go's <c>tls.X509KeyPair</c>: users of TLS
/// secrets are warned in them, and operators of the API's own certificates refused.
/// </summary>
public static class KeyPair
{
    private const string CertificateLabel = "CERTIFICATE";
    private const string KeySuffix = "PRIVATE KEY";

    /// <summary>
    /// A larger key is none: looking at one takes the square of its size. One of 16,384 bits has a tenth of it.
    /// </summary>
    private const int MaxKeyBytes = 100_000;

    /// <summary>Null when the two belong together.</summary>
    public static string? FindError(byte[] certificatePem, byte[] keyPem)
    {
        var (certificateBytes, skipped) = FirstBlock(certificatePem, label => label == CertificateLabel);
        if (certificateBytes is null)
        {
            return NoCertificate(skipped);
        }

        var (keyBytes, others) = FirstBlock(
            keyPem, label => label == KeySuffix || label.EndsWith(" " + KeySuffix, StringComparison.Ordinal));
        if (keyBytes is null)
        {
            return NoKey(others);
        }

        try
        {
            using var certificate = X509CertificateLoader.LoadCertificate(certificateBytes);
            return Match(certificate, keyBytes);
        }
        catch (CryptographicException)
        {
            return "x509: malformed certificate";
        }
    }

    private static string NoCertificate(List<string> skipped) => skipped switch
    {
        [] => "tls: failed to find any PEM data in certificate input",
        [var only] when only.EndsWith(KeySuffix, StringComparison.Ordinal) =>
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched",
        _ => "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: " +
            $"[{string.Join(' ', skipped)}]",
    };

    private static string NoKey(List<string> skipped) => skipped switch
    {
        [] => "tls: failed to find any PEM data in key input",
        [CertificateLabel] => "tls: found a certificate rather than a key in the PEM for the private key",
        _ => "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: " +
            $"[{string.Join(' ', skipped)}]",
    };

    private static (byte[]? Bytes, List<string> Skipped) FirstBlock(byte[] pem, Func<string, bool> isWanted)
    {
        var skipped = new List<string>();
        var text = Encoding.Latin1.GetString(pem);
        for (var next = PemBlock.Find(text); next is { } block; next = PemBlock.Find(text, block.End))
        {
            if (isWanted(block.Label))
            {
                return (block.Bytes, skipped);
            }

            skipped.Add(block.Label);
        }

        return (null, skipped);
    }

    private static string? Match(X509Certificate2 certificate, byte[] keyBytes)
    {
        const string WrongType = "tls: private key type does not match public key type";
        using var key = ReadKey(keyBytes);
        if (key is null)
        {
            return "tls: failed to parse private key";
        }

        using var rsa = certificate.GetRSAPublicKey();
        using var ecdsa = certificate.GetECDsaPublicKey();
        if (rsa is null && ecdsa is null)
        {
            return "tls: unknown public key algorithm";
        }

        if ((rsa is not null) != (key is RSA))
        {
            return WrongType;
        }

        AsymmetricAlgorithm shown = rsa is not null ? rsa : ecdsa!;
        return shown.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            ? null
            : "tls: private key does not match public key";
    }

    /// <summary>PKCS #1, PKCS #8 and SEC 1, as Go tries them; null when it is none of these.</summary>
    private static AsymmetricAlgorithm? ReadKey(byte[] bytes) => bytes.Length > MaxKeyBytes ? null :
        Import(RSA.Create(), k => k.ImportRSAPrivateKey(bytes, out _)) ?? Import(
            RSA.Create(), k => k.ImportPkcs8PrivateKey(bytes, out _)) ??
        Import(ECDsa.Create(), k => k.ImportPkcs8PrivateKey(bytes, out _)) ??
        (AsymmetricAlgorithm?)Import(ECDsa.Create(), k => k.ImportECPrivateKey(bytes, out _));

    private static T? Import<T>(T key, Action<T> import)
        where T : AsymmetricAlgorithm
    {
        try
        {
            import(key);
            return key;
        }
        catch (CryptographicException)
        {
            key.Dispose();
            return null;
        }
    }
}
