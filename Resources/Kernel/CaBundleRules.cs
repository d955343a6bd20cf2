using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>Authorities (PEM) that sign for a server, as upstream's client reads them.</summary>
public static class CaBundleRules
{
    private const string CertificateLabel = "CERTIFICATE";

    public static void Validate(byte[] bundle, FieldPath path, FieldErrors errors)
    {
        if (Complaint(bundle) is { } complaint)
        {
            errors.Invalid(path, new RawJson(GoText.Bytes(bundle)), complaint);
        }
    }

    /// <summary>Null for nothing, and where there is one certificate at least.</summary>
    public static string? Complaint(byte[] bundle)
    {
        if (bundle.Length == 0)
        {
            return null;
        }

        var blocks = Certificates(bundle);
        return blocks.Exists(static b => b is { IsCertificate: true, IsReadable: true })
            ? null
            : $"unable to load root certificates: {Reason(blocks, bundle.Length)}";
    }

    /// <summary>Of the first thing that is wrong.</summary>
    private static string Reason(List<Block> blocks, int length)
    {
        var end = 0;
        foreach (var block in blocks)
        {
            if (block is { IsCertificate: true, IsReadable: false })
            {
                return "failed to parse certificate: x509: malformed certificate";
            }

            end = block.End;
        }

        return end < length ? "unable to parse bytes as PEM block" : "no valid certificate authority data seen";
    }

    private static List<Block> Certificates(byte[] bundle)
    {
        var blocks = new List<Block>();
        var text = Encoding.Latin1.GetString(bundle);
        for (var at = 0; PemEncoding.TryFind(text.AsSpan(at), out var found);)
        {
            var block = text.AsSpan(at)[found.Base64Data];
            var isCertificate = text.AsSpan(at)[found.Label].SequenceEqual(CertificateLabel);
            at += found.Location.End.Value;

            // The end of a line belongs to the block.
            at += text.AsSpan(at).StartsWith("\r\n", StringComparison.Ordinal) ? 2
                : at < text.Length && text[at] == '\n' ? 1 : 0;
            blocks.Add(new Block(
                isCertificate, isCertificate && IsReadable(Convert.FromBase64String(block.ToString())), at));
        }

        return blocks;
    }

    private static bool IsReadable(byte[] bytes)
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

    private readonly record struct Block(bool IsCertificate, bool IsReadable, int End);
}
