using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// OIDC discovery of the token issuer: others can verify service-account tokens with it. An issuer that OpenID Connect
/// does not allow has none.
/// </summary>
public sealed class IssuerDiscovery(AccountKeys keys, AuthOptions options) : IEndpointHandler
{
    private const string KeySetPath = "/openid/v1/jwks";

    private readonly string _issuer = options.Issuers[0];

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        switch (request.Path)
        {
            case "/.well-known/openid-configuration" or KeySetPath when !IsDiscoverable(_issuer):
                return false;
            case "/.well-known/openid-configuration":
                await WriteAsync(context, "application/json", await ConfigurationAsync());
                return true;
            case KeySetPath:
                await WriteAsync(context, "application/jwk-set+json", await KeysAsync());
                return true;
            default:
                return false;
        }
    }

    private static bool IsDiscoverable(string issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var url)
        && url.Scheme == Uri.UriSchemeHttps && url is { Query: "", Fragment: "" };

    private async Task<JsonObject> ConfigurationAsync()
    {
        var accepted = await keys.AcceptedAsync();
        return new JsonObject
        {
            ["issuer"] = _issuer,
            ["jwks_uri"] = options.KeySetUrl ?? $"{_issuer.TrimEnd('/')}{KeySetPath}",
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray(
            [
                .. accepted.Select(static k => k.Algorithm).Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal).Select(static a => JsonValue.Create(a)),
            ]),
        };
    }

    private async Task<JsonObject> KeysAsync()
    {
        var accepted = await keys.AcceptedAsync();
        return new JsonObject { ["keys"] = new JsonArray([.. accepted.Select(static k => k.Published())]) };
    }

    private static async Task WriteAsync(HttpContext context, string contentType, JsonObject body)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "public, max-age=3600";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(body), context.RequestAborted);
    }
}
