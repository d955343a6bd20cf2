using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Which certificates a server may show, and what Go says of others.</summary>
internal sealed class ServerTrust(RemoteTarget target, TimeProvider time)
{
    private readonly X509Certificate2Collection _authorities = ReadBundle(target.CaBundle);

    /// <summary>How connections to the server are secured.</summary>
    public SslClientAuthenticationOptions Options(X509Certificate2? client)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            TrustMode = target.CaBundle.Length == 0 ? X509ChainTrustMode.System : X509ChainTrustMode.CustomRootTrust,
        };
        policy.CustomTrustStore.AddRange(_authorities);
        return new SslClientAuthenticationOptions
        {
            TargetHost = target.ServerName,
            CertificateChainPolicy = policy,

            // Given to whoever asks, whatever authorities it names.
            ClientCertificateContext =
                client is null ? null : SslStreamCertificateContext.Create(client, null, offline: true),
            RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
                target.IsInsecure || Complaint(shown as X509Certificate2, chain, errors) is not { } complaint
                    ? true
                    : throw new RemoteFailureException($"tls: failed to verify certificate: x509: {complaint}"),
        };
    }

    private static X509Certificate2Collection ReadBundle(string caBundle)
    {
        var result = new X509Certificate2Collection();
        try
        {
            result.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(caBundle)));
        }
        catch (CryptographicException)
        {
            // As in Go, what is no certificate adds none: then nobody is trusted, and the connection says so.
        }

        return result;
    }

    private string? Complaint(X509Certificate2? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is null)
        {
            return errors == SslPolicyErrors.None ? null : "certificate signed by unknown authority";
        }

        // .NET takes a common name for the server's where there is no other, as Go did once.
        if (errors == SslPolicyErrors.None)
        {
            return IsNamed(shown, allowCommonName: false) ? null : WrongName(shown);
        }

        var now = time.GetUtcNow();
        return now > shown.NotAfter || now < shown.NotBefore ? Expired(shown, now)
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)
                || !IsNamed(shown, allowCommonName: false) ? WrongName(shown)
            : chain is not null && EndsInBundle(chain) ? null
            : "certificate signed by unknown authority";
    }

    private bool IsNamed(X509Certificate2 shown, bool allowCommonName) =>
        Uri.CheckHostName(target.ServerName) != UriHostNameType.Unknown
        && shown.MatchesHostname(target.ServerName, allowWildcards: true, allowCommonName);

    private static string Expired(X509Certificate2 shown, DateTimeOffset now)
    {
        var isLate = now > shown.NotAfter;
        var limit = (isLate ? shown.NotAfter : shown.NotBefore).ToUniversalTime();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"certificate has expired or is not yet valid: current time {now:yyyy-MM-ddTHH:mm:ssZ} is "
            + $"{(isLate ? "after" : "before")} {limit:yyyy-MM-ddTHH:mm:ssZ}");
    }

    /// <summary>Go's <c>HostnameError</c>.</summary>
    private string WrongName(X509Certificate2 shown)
    {
        var names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (names is null && IsNamed(shown, allowCommonName: true))
        {
            return "certificate relies on legacy Common Name field, use SANs instead";
        }

        var isAddress = IPAddress.TryParse(target.ServerName, out _);
        string[] valid = names is null ? []
            : isAddress ? [.. names.EnumerateIPAddresses().Select(static a => a.ToString())]
            : [.. names.EnumerateDnsNames()];
        return valid.Length > 0 ? $"certificate is valid for {string.Join(", ", valid)}, not {target.ServerName}"
            : isAddress
                ? $"cannot validate certificate for {target.ServerName} because it doesn't contain any IP SANs"
            : $"certificate is not valid for any names, but wanted to match {target.ServerName}";
    }

    /// <summary>Go trusts every certificate of a bundle, intermediate ones too, which .NET calls a partial chain.
    /// </summary>
    private bool EndsInBundle(X509Chain chain) =>
        Array.TrueForAll(chain.ChainStatus, static s => s.Status == X509ChainStatusFlags.PartialChain)
        && chain.ChainElements.Any(
            e => _authorities.Any(a => a.RawDataMemory.Span.SequenceEqual(e.Certificate.RawDataMemory.Span)));
}
