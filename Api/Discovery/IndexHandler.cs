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
        "/.well-known/openid-configuration", "/apis/", "/flagz", "/metrics", "/metrics/slis", "/openapi/v2",
        "/openapi/v3", "/openapi/v3/", "/openid/v1/jwks", "/statusz", "/version",
    ];

    /// <summary>All of them, in order.</summary>
    public IEnumerable<string> Paths => discovery.Paths.Concat(health.Paths).Concat(Others)
        .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

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
        writer.WriteStartObject();
        DiscoveryDocuments.WriteTexts(writer, "paths", [.. Paths]);
        writer.WriteEndObject();
    }
}
