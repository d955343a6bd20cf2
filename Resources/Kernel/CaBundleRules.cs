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

        var blocks = Blocks(bundle);
        return blocks.Exists(static b => b.IsReadable)
            ? null
            : $"unable to load root certificates: {Reason(blocks, bundle.Length)}";
    }

    /// <summary>Those that can be read: as in Go, what is no certificate adds none.</summary>
    public static X509Certificate2Collection Certificates(byte[] bundle) =>
        [.. Blocks(bundle).Where(static b => b.IsReadable)
            .Select(static b => X509CertificateLoader.LoadCertificate(b.Bytes))];

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

    private static List<Block> Blocks(byte[] bundle)
    {
        var blocks = new List<Block>();
        var text = Encoding.Latin1.GetString(bundle);
        for (var next = PemBlock.Find(text); next is { } block; next = PemBlock.Find(text, block.End))
        {
            // The end of a line belongs to the block.
            var rest = text.AsSpan(block.End);
            var end = block.End + (rest is ['\r', '\n', ..] ? 2 : rest is ['\n', ..] ? 1 : 0);
            var isCertificate = block.Label == CertificateLabel;
            blocks.Add(new Block(isCertificate, isCertificate && IsReadable(block.Bytes), block.Bytes, end));
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

    private readonly record struct Block(bool IsCertificate, bool IsReadable, byte[] Bytes, int End);
}
