using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>A server's OpenAPI v2 document.</summary>
/// <param name="Json">A JSON object without double keys; empty when there is none.</param>
/// <param name="ETag">The server's tag of it.</param>
internal sealed record RemoteSwagger(ReadOnlyMemory<byte> Json, string ETag)
{
    public static RemoteSwagger None { get; } = new(default, "");

    /// <summary>What is known after an answer: one that is no document, or the same one, changes nothing.</summary>
    public RemoteSwagger Next(RemoteAnswer answer)
    {
        if (!answer.Succeeded || Read(answer.Body.Span) is not { } json)
        {
            return this;
        }

        return this with { Json = json.Span.SequenceEqual(Json.Span) ? Json : json, ETag = answer.ETag };
    }

    private static ReadOnlyMemory<byte>? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonTree.Parse(body) is JsonObject document
                ? JsonTree.ToBytes(document, body.Length).ToArray()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
