using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.Tokens;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>OIDC discovery of the token issuer: others can verify service-account tokens with it.</summary>
public sealed class IssuerDiscovery(TrustStore trustStore, AuthOptions options) : IEndpointHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        switch (request.Path)
        {
            case "/.well-known/openid-configuration":
                await WriteAsync(context, "application/json", Configuration());
                return true;
            case "/openid/v1/jwks":
                await WriteAsync(context, "application/jwk-set+json", await KeysAsync());
                return true;
            default:
                return false;
        }
    }

    private JsonObject Configuration() => new()
    {
        ["issuer"] = options.Issuer,
        ["jwks_uri"] = $"{options.Issuer}/openid/v1/jwks",
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
    };

    private async Task<JsonObject> KeysAsync()
    {
        var trust = await trustStore.Trust;
        using var key = ECDsa.Create();
        key.ImportFromPem(trust.Public.TokenPublicKeyPem);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = trust.Public.TokenKeyId,
                ["crv"] = "P-256",
                ["alg"] = "ES256",
                ["x"] = Base64UrlEncoder.Encode(point.X),
                ["y"] = Base64UrlEncoder.Encode(point.Y),
            }),
        };
    }

    private static async Task WriteAsync(HttpContext context, string contentType, JsonObject body)
    {
        context.Response.ContentType = contentType;
        context.Response.Headers.CacheControl = "public, max-age=3600";
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(body), context.RequestAborted);
    }
}
