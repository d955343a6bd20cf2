using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using OrleansOrchestrator.Api.Auth.Jwt;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Finds out who sends a request: a proxy in front that says for whom it is, a client certificate of the cluster's
/// authority, a token of one of the sorts that
/// <see cref="BearerTokens"/> knows (in its header, or as a WebSocket's subprotocol), or nobody (<c>
/// system:anonymous</c>, where such requests are let in). Credentials that are there but wrong are refused, never
/// taken for anonymous; a good one of the two is enough. Once somebody is known, what names users in the request is
/// taken out of it: nobody further on is to see credentials, or to believe such a header.
/// </summary>
public sealed class Authenticator(
    RequestHeaderUsers proxies, ClientCertificates certificates, BearerTokens tokens, JwtIssuers issuers)
    : IAuthenticator
{
    private const string Scheme = "bearer ";

    private const string ExtraSpace =
        "the provided Authorization header contains extra space before the bearer token, and is ignored";

    private static readonly UserIdentity Anonymous = new()
    {
        Name = SystemNames.Anonymous, Groups = [SystemNames.Unauthenticated],
    };

    /// <inheritdoc/>
    public async ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context)
    {
        var user = await FindUserAsync(context);
        if (user is not null)
        {
            context.Request.Headers.Remove(HeaderNames.Authorization);
            proxies.Clear(context.Request.Headers);
        }

        return user;
    }

    private async ValueTask<UserIdentity?> FindUserAsync(HttpContext context)
    {
        var named = SocketToken.Take(context.Request);
        var certificate = context.Connection.ClientCertificate;
        if (certificate is not null && proxies.Find(certificate, context.Request.Headers) is { } byProxy)
        {
            return byProxy;
        }

        if (certificate is not null && await certificates.FindUserAsync(certificate) is { } byCertificate)
        {
            return byCertificate;
        }

        var bearer = BearerToken(context);
        if (bearer is not null && await FindAsync(context, bearer) is { } byToken)
        {
            return byToken;
        }

        if (named is { Length: > 0 } && await FindAsync(context, named) is { } bySocket)
        {
            return bySocket;
        }

        return certificate is null && bearer is null && named is null
            && issuers.AdmitsAnonymous(context.Request.Path.Value ?? "")
                ? Anonymous
                : null;
    }

    private async ValueTask<UserIdentity?> FindAsync(HttpContext context, string token)
    {
        var verdict = await tokens.AuthenticateAsync(token, context.RequestAborted);
        if (verdict.Notes.Count > 0)
        {
            context.Features.Set(verdict.Notes);
        }

        if (verdict.Warning is { } warning)
        {
            WarningHeaders.Write(context.Response, [warning]);
        }

        return verdict.User;
    }

    /// <summary>The word after the scheme; what else follows is nobody's, as upstream cuts it.</summary>
    private static string? BearerToken(HttpContext context)
    {
        var header = context.Request.Headers.Authorization is [{ } first, ..] ? first.AsSpan().Trim() : [];
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var rest = header[Scheme.Length..];
        if (rest.IndexOf(' ') is var end && end != 0)
        {
            return (end < 0 ? rest : rest[..end]).ToString();
        }

        WarningHeaders.Write(context.Response, [ExtraSpace]);
        return null;
    }
}
