using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using OrleansOrchestrator.Api.Configuration;
using OrleansOrchestrator.Resources.Core.Secrets;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Silo.Hosting;

/// <summary>A certificate of an operator's own, for some names of the API: upstream's <c>NamedCertKey</c>.</summary>
/// <param name="CertificateFile">The certificate, then those up to its authority, PEM.</param>
/// <param name="KeyFile">Its key, PEM.</param>
/// <param name="Names">Whom it is shown; empty for who asks for the certificate's own names.</param>
public sealed record NamedCertificateFiles(string CertificateFile, string KeyFile, IReadOnlyList<string> Names)
{
    /// <summary>As upstream calls it in messages.</summary>
    public string Name => $"sni-serving-cert::{CertificateFile}::{KeyFile}";

    /// <summary>Reads <c>CERTIFICATE,KEY</c> and <c>CERTIFICATE,KEY:NAME,NAME</c>.</summary>
    /// <exception cref="UserErrorException">It is neither.</exception>
    public static NamedCertificateFiles Parse(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var names = colon < 0 ? null : text[(colon + 1)..].Trim();
        if (names is { Length: 0 })
        {
            throw Invalid(text, "empty names list is not allowed");
        }

        var files = colon < 0 ? text : text[..colon];
        return files.Split(',', StringSplitOptions.TrimEntries) is [var certificate, var key]
            ? new NamedCertificateFiles(certificate, key, names?.Split(',', StringSplitOptions.TrimEntries) ?? [])
            : throw Invalid(text, "expected comma separated certificate and key file paths");
    }

    /// <summary>The same, good in every directory.</summary>
    /// <exception cref="UserErrorException">A path would no longer be read back as one.</exception>
    public NamedCertificateFiles From(string directory)
    {
        var (certificate, key) = (FullPath(CertificateFile, directory), FullPath(KeyFile, directory));
        return $"{certificate}{key}".AsSpan().ContainsAny(',', ':')
            ? throw Invalid(ToString(), $"the directory {GoText.Quote(directory)} has a comma or colon in its name")
            : this with { CertificateFile = certificate, KeyFile = key };
    }

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() =>
        $"{CertificateFile},{KeyFile}{(Names.Count == 0 ? "" : $":{string.Join(',', Names)}")}";

    /// <summary>The certificate as it is now, with its key and those up to its authority, and what was read.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They hold what is malformed.</exception>
    /// <exception cref="ConfigurationException">The files cannot be read, or make no pair.</exception>
    public (SslStreamCertificateContext Context, byte[] Certificate, byte[] Key) Read()
    {
        if (CertificateFile.Length == 0 || KeyFile.Length == 0)
        {
            throw new ConfigurationException("missing filename for serving cert");
        }

        var (certificate, key) = (Content(CertificateFile), Content(KeyFile));
        if (certificate.Length == 0 || key.Length == 0)
        {
            throw new ConfigurationException($"missing content for serving cert {GoText.Quote(Name)}");
        }

        if (KeyPair.FindError(certificate, key) is { } error)
        {
            throw new ConfigurationException(error);
        }

        var (chain, keyText) = (Encoding.Latin1.GetString(certificate), Encoding.Latin1.GetString(key));
        var all = new X509Certificate2Collection();
        all.ImportFromPem(chain);
        var context = SslStreamCertificateContext.Create(
            X509Certificate2.CreateFromPem(chain, keyText), [.. all.Skip(1)], offline: true);
        return (context, certificate, key);
    }

    private static string FullPath(string path, string directory) =>
        path.Length == 0 ? path : Path.GetFullPath(path, directory);

    private static byte[] Content(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ConfigurationException($"open {path}: no such file or directory");
        }
        catch (UnauthorizedAccessException)
        {
            throw new ConfigurationException($"open {path}: permission denied");
        }
    }

    private static UserErrorException Invalid(string text, string why) =>
        new($"invalid argument {GoText.Quote(text)} for \"--tls-sni-cert-key\" flag: {why}");
}
