using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>Answers <c>/</c> with the paths that this server knows.</summary>
public sealed class IndexHandler(DiscoveryHandler discovery, HealthHandler health) : IEndpointHandler
{
    private static readonly string[] Others =
    [
        "/.well-known/openid-configuration", "/apis/", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/version",
    ];

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Path is not ("/" or "/index.html"))
        {
            return false;
        }

        var json = DiscoveryDocument.Of(Write).Json;
        var pretty = Negotiator.WantsPretty(context.Request);
        await ResponseBody.SendAsync(
            context, pretty ? ResponseFormat.PlainJson with { Pretty = true } : ResponseFormat.PlainJson, 200, json);
        return true;
    }

    private void Write(Utf8JsonWriter writer)
    {
        var paths = discovery.Paths.Concat(health.Paths).Concat(Others).Distinct(StringComparer.Ordinal).Order(
            StringComparer.Ordinal);
        writer.WriteStartObject();
        DiscoveryDocuments.WriteTexts(writer, "paths", [.. paths]);
        writer.WriteEndObject();
    }
}
