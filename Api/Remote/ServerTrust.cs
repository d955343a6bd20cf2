using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Which certificates a server may show, and what Go says of others.</summary>
internal sealed class ServerTrust(RemoteTarget target, TimeProvider time)
{
    private const string UnknownAuthority = "certificate signed by unknown authority";

    private readonly X509Certificate2Collection _authorities =
        CaBundleRules.Certificates(Convert.FromBase64String(target.CaBundle));
    private volatile CertificateFlaws _flaws;

    /// <summary>Those of the certificate that was taken last.</summary>
    public CertificateFlaws Flaws => _flaws;

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
                Takes(shown as X509Certificate2, chain, errors),
        };
    }

    private bool Takes(X509Certificate2? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (!target.IsInsecure && Complaint(shown, chain, errors) is var (complaint, flaws))
        {
            throw new RemoteFailureException($"tls: failed to verify certificate: x509: {complaint}")
            {
                Flaws = flaws,
            };
        }

        _flaws = FlawsOf(shown, chain);
        return true;
    }

    /// <summary>What is wrong with a certificate that is taken all the same.</summary>
    private static CertificateFlaws FlawsOf(X509Certificate2? shown, X509Chain? chain)
    {
        if (shown is null)
        {
            return CertificateFlaws.None;
        }

        var hasNames = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().Any();
        var hasSha1 = (chain?.ChainPolicy.ExtraStore ?? []).Prepend(shown).Any(
            static c => Sha1Signature.Of(c) is not null && c.Issuer != c.Subject);
        return (hasNames ? CertificateFlaws.None : CertificateFlaws.MissingNames)
            | (hasSha1 ? CertificateFlaws.Sha1 : CertificateFlaws.None);
    }

    private (string Text, CertificateFlaws Flaws)? Complaint(
        X509Certificate2? shown, X509Chain? chain, SslPolicyErrors errors)
    {
        if (shown is null)
        {
            return errors == SslPolicyErrors.None ? null : (UnknownAuthority, CertificateFlaws.None);
        }

        var now = time.GetUtcNow();
        if (errors != SslPolicyErrors.None && (now > shown.NotAfter || now < shown.NotBefore))
        {
            return (Expired(shown, now), CertificateFlaws.None);
        }

        // .NET takes a common name for the server's where there is no other, as Go did once.
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) || !IsNamed(shown, allowCommonName: false))
        {
            return WrongName(shown);
        }

        return errors != SslPolicyErrors.None && (chain is null || !EndsInBundle(chain))
            ? (UnknownAuthority, CertificateFlaws.None)
            : WeakSignature(chain);
    }

    /// <summary>Go's <c>UnknownAuthorityError</c> for a signature by SHA-1; one that is trusted itself needs none.
    /// </summary>
    private (string Text, CertificateFlaws Flaws)? WeakSignature(X509Chain? chain)
    {
        List<X509Certificate2> trusted = [.. chain?.ChainElements.Select(static e => e.Certificate) ?? []];
        for (var i = 0; i + 1 < trusted.Count && !IsInBundle(trusted[i]); i++)
        {
            if (Sha1Signature.Of(trusted[i]) is { } algorithm)
            {
                var why = GoText.Quote($"x509: cannot verify signature: insecure algorithm {algorithm}");
                var signer = GoText.Quote(trusted[i + 1].GetNameInfo(X509NameType.SimpleName, forIssuer: false));
                return (
                    $"{UnknownAuthority} (possibly because of {why} while trying to verify candidate authority "
                    + $"certificate {signer})",
                    CertificateFlaws.Sha1);
            }
        }

        return null;
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
    private (string Text, CertificateFlaws Flaws) WrongName(X509Certificate2 shown)
    {
        var names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        if (names is null && IsNamed(shown, allowCommonName: true))
        {
            return (
                "certificate relies on legacy Common Name field, use SANs instead", CertificateFlaws.MissingNames);
        }

        var isAddress = IPAddress.TryParse(target.ServerName, out _);
        string[] valid = names is null ? []
            : isAddress ? [.. names.EnumerateIPAddresses().Select(static a => a.ToString())]
            : [.. names.EnumerateDnsNames()];
        var text = valid.Length > 0
            ? $"certificate is valid for {string.Join(", ", valid)}, not {target.ServerName}"
            : isAddress
                ? $"cannot validate certificate for {target.ServerName} because it doesn't contain any IP SANs"
            : $"certificate is not valid for any names, but wanted to match {target.ServerName}";
        return (text, CertificateFlaws.None);
    }

    /// <summary>Go trusts every certificate of a bundle, intermediate ones too, which .NET calls a partial chain.
    /// </summary>
    private bool EndsInBundle(X509Chain chain) =>
        Array.TrueForAll(chain.ChainStatus, static s => s.Status == X509ChainStatusFlags.PartialChain)
        && chain.ChainElements.Any(e => IsInBundle(e.Certificate));

    private bool IsInBundle(X509Certificate2 certificate) =>
        _authorities.Any(a => a.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));
}
