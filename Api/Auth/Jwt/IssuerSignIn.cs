namespace OrleansOrchestrator.Api.Auth.Jwt;

/// <summary>Where a person gets a token of an issuer with a browser (the authorization code flow).</summary>
/// <param name="Issuer">The issuer's URL.</param>
/// <param name="Client">The client for which tokens are asked: an audience that is taken.</param>
/// <param name="AuthorizationUrl">Where the browser is sent.</param>
/// <param name="TokenUrl">Where a code is changed for a token.</param>
public sealed record IssuerSignIn(string Issuer, string Client, Uri AuthorizationUrl, Uri TokenUrl)
{
    /// <summary>Null for an issuer that signs nobody in, or of which nothing is known yet.</summary>
    internal static IssuerSignIn? Of(JwtAuthenticator issuer, IssuerKeys.Fetched? fetched) =>
        Https(fetched?.Discovery.AuthorizationUrl) is { } authorization
            && Https(fetched?.Discovery.TokenUrl) is { } token
            ? new IssuerSignIn(issuer.Issuer, issuer.Client, authorization, token)
            : null;

    private static Uri? Https(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var read) && read.Scheme == Uri.UriSchemeHttps ? read : null;
}
