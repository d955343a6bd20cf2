using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>What is wrong with an issuer, in upstream's words.</summary>
internal static class IssuerRules
{
    private const string MatchAny = "MatchAny";

    public static void Validate(
        IssuerSettings issuer, IReadOnlyCollection<string> disallowed, FieldPath path, FieldErrors errors)
    {
        if (issuer.Url.Length == 0)
        {
            errors.Required(path.Child("url"));
        }
        else
        {
            CheckUrl(issuer.Url, disallowed, path.Child("url"), errors);
        }

        CheckDiscovery(issuer, path.Child("discoveryURL"), errors);
        CheckAudiences(issuer, path, errors);
        CheckAuthority(issuer.CertificateAuthority, path.Child("certificateAuthority"), errors);
        if (issuer.EgressSelectorType.Length > 0)
        {
            errors.Invalid(
                path.Child("egressSelectorType"), issuer.EgressSelectorType,
                "egress selector is not supported when StructuredAuthenticationConfigurationEgressSelector feature "
                + "gate is disabled");
        }
    }

    private static void CheckDiscovery(IssuerSettings issuer, FieldPath path, FieldErrors errors)
    {
        if (issuer.DiscoveryUrl.Length == 0)
        {
            return;
        }

        if (issuer.Url.Length > 0 && issuer.Url.TrimEnd('/') == issuer.DiscoveryUrl.TrimEnd('/'))
        {
            errors.Invalid(path, issuer.DiscoveryUrl, "discoveryURL must be different from URL");
        }

        CheckUrl(issuer.DiscoveryUrl, [], path, errors);
    }

    private static void CheckUrl(
        string url, IReadOnlyCollection<string> disallowed, FieldPath path, FieldErrors errors)
    {
        if (disallowed.Contains(url))
        {
            var list = string.Join(' ', disallowed.Order(StringComparer.Ordinal));
            errors.Invalid(path, url, $"URL must not overlap with disallowed issuers: [{list}]");
        }

        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme != Uri.UriSchemeHttps)
        {
            errors.Invalid(path, url, "URL scheme must be https");
            return;
        }

        if (parsed.UserInfo.Length > 0)
        {
            errors.Invalid(path, url, "URL must not contain a username or password");
        }

        if (parsed.Query.Length > 1)
        {
            errors.Invalid(path, url, "URL must not contain a query");
        }

        if (parsed.Fragment.Length > 1)
        {
            errors.Invalid(path, url, "URL must not contain a fragment");
        }
    }

    private static void CheckAudiences(IssuerSettings issuer, FieldPath path, FieldErrors errors)
    {
        var list = path.Child("audiences");
        if (issuer.Audiences.Count == 0)
        {
            errors.Required(list, $"at least one {list} is required");
            return;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (i, audience) in issuer.Audiences.Index())
        {
            if (audience.Length == 0)
            {
                errors.Required(list.Index(i));
            }

            if (!seen.Add(audience))
            {
                errors.Duplicate(list.Index(i), audience);
            }
        }

        var policy = issuer.AudienceMatchPolicy;
        var isOne = issuer.Audiences.Count == 1;
        if (policy != MatchAny && !(isOne && policy.Length == 0))
        {
            errors.Invalid(path.Child("audienceMatchPolicy"), policy, isOne
                ? "audienceMatchPolicy must be empty or MatchAny for single audience"
                : "audienceMatchPolicy must be MatchAny for multiple audiences");
        }
    }

    private static void CheckAuthority(string pem, FieldPath path, FieldErrors errors)
    {
        if (pem.Length == 0)
        {
            return;
        }

        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (CryptographicException bad)
        {
            errors.Invalid(path, "<omitted>", bad.Message);
            return;
        }

        if (found.Count == 0)
        {
            errors.Invalid(path, "<omitted>", "data does not contain any valid RSA or ECDSA certificates");
        }

        foreach (var certificate in found)
        {
            certificate.Dispose();
        }
    }
}
