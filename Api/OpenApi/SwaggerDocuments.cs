using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>One OpenAPI v2 document in the forms that clients ask for.</summary>
internal sealed record SwaggerDocuments(CompressedDocument Json, CompressedDocument Protobuf)
{
    public static SwaggerDocuments Of(ReadOnlyMemory<byte> json)
    {
        using var document = JsonTree.ParseCommitted(json);
        return new SwaggerDocuments(
            new CompressedDocument(json.Span),
            new CompressedDocument(SwaggerProtobufWriter.Write(document.RootElement)));
    }
}
