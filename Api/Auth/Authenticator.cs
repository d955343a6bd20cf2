using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Finds out who sends a request: a client certificate of the cluster's authority, a static token, a service-account
/// token, or nobody (<c>system:anonymous</c>). Credentials that are there but wrong are refused, never taken for
/// anonymous.
/// </summary>
public sealed class Authenticator(TrustStore trustStore, ServiceAccountTokens tokens, AuthOptions options)
{
    private const string CertificateUserItem = "orch.certificate-user";
    private const string BearerScheme = "bearer ";

    private static readonly UserIdentity Anonymous = new()
    {
        Name = "system:anonymous", Groups = ["system:unauthenticated"],
    };

    /// <summary>The user, or null when the request carries bad credentials (401).</summary>
    public async ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context)
    {
        if (await FromCertificateAsync(context) is { } byCertificate)
        {
            return byCertificate;
        }

        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(BearerScheme, StringComparison.OrdinalIgnoreCase))
        {
            return Anonymous;
        }

        var token = header[BearerScheme.Length..].Trim();
        if (token.Length == 0)
        {
            return Anonymous;
        }

        return options.StaticTokens.TryGetValue(token, out var user)
            ? user
            : await tokens.AuthenticateAsync(token, context.RequestAborted);
    }

    // The chain is built once a connection, not once a request: it costs more than most requests.
    private async ValueTask<UserIdentity?> FromCertificateAsync(HttpContext context)
    {
        var certificate = context.Connection.ClientCertificate;
        if (certificate is null)
        {
            return null;
        }

        var items = context.Features.Get<IConnectionItemsFeature>()?.Items;
        if (items is not null && items.TryGetValue(CertificateUserItem, out var known))
        {
            return known as UserIdentity;
        }

        var trust = await trustStore.Trust;
        var user = trust.IsTrustedClient(certificate) ? UserOf(certificate) : null;
        if (items is not null)
        {
            items[CertificateUserItem] = user;
        }

        return user;
    }

    private static UserIdentity UserOf(X509Certificate2 certificate)
    {
        const string OrganizationOid = "2.5.4.10";
        var groups = new List<string>();
        foreach (var part in certificate.SubjectName.EnumerateRelativeDistinguishedNames(reversed: false))
        {
            if (!part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationOid)
            {
                groups.Add(part.GetSingleElementValue() ?? "");
            }
        }

        groups.Add("system:authenticated");
        return new UserIdentity
        {
            Name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false), Groups = groups,
        };
    }
}
