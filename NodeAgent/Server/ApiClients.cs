using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace OrleansOrchestrator.NodeAgent.Server;

/// <summary>
/// Who may use the node's port: the cluster's API, by a certificate of the cluster's authority in a group that has no
/// other rights anywhere. Nobody else, administrators and other nodes included, but for figures, which those may read
/// whom <see cref="TokenClients"/> lets. No certificate, a foreign one, or one that has ended since its connection
/// began is 401, another group 403.
/// </summary>
public sealed class ApiClients(X509Certificate2 authority, TokenClients tokens, TimeProvider time)
{
    /// <summary>The group of the API as the nodes' client.</summary>
    public const string Group = "orc:kubelet-clients";

    private const string OrganizationOid = "2.5.4.10";
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    // By connection: the chain is built once for each.
    private readonly ConditionalWeakTable<X509Certificate2, StrongBox<bool>> _trusted = new();

    /// <summary>The middleware.</summary>
    public async Task AuthorizeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == "/healthz")
        {
            await next(context);
        }
        else if (await RefuseAsync(context) is not { } refusal)
        {
            await next(context);
        }
        else
        {
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsync(refusal.Text);
        }
    }

    private async Task<(int Status, string Text)?> RefuseAsync(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } certificate || !IsTrusted(certificate))
        {
            return await tokens.RefuseAsync(context);
        }

        return Organizations(certificate).Contains(Group) ? null : (StatusCodes.Status403Forbidden, "Forbidden");
    }

    private bool IsTrusted(X509Certificate2 certificate)
    {
        var now = time.GetUtcNow();
        return now >= certificate.NotBefore.ToUniversalTime()
            && now <= certificate.NotAfter.ToUniversalTime()
            && _trusted.GetValue(certificate, c => new StrongBox<bool>(IsOfAuthority(c))).Value;
    }

    private bool IsOfAuthority(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = certificate.NotBefore;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientUsage));
        return chain.Build(certificate);
    }

    private static IEnumerable<string?> Organizations(X509Certificate2 certificate) =>
        certificate.SubjectName.EnumerateRelativeDistinguishedNames()
            .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == OrganizationOid)
            .Select(part => part.GetSingleElementValue());
}
