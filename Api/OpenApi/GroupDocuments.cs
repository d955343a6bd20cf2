using System.IO.Compression;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// One OpenAPI v3 document in the forms that clients ask for: nearly all in JSON, so the other is made when somebody
/// does. Both have the hash of the first.
/// </summary>
internal sealed class GroupDocuments
{
    private readonly Lazy<CompressedDocument> _protobuf;

    public GroupDocuments(ReadOnlySpan<byte> json)
    {
        Json = new CompressedDocument(json);

        // In this mode a failure is not kept: who asks next tries again.
        _protobuf = new(WriteProtobuf, LazyThreadSafetyMode.PublicationOnly);
    }

    public CompressedDocument Json { get; }

    public CompressedDocument Protobuf => _protobuf.Value;

    private CompressedDocument WriteProtobuf()
    {
        using var document = JsonTree.ParseCommitted(Json.Plain());
        return new CompressedDocument(
            OpenApiV3ProtobufWriter.Write(document.RootElement), Json.Hash, CompressionLevel.Fastest);
    }
}
