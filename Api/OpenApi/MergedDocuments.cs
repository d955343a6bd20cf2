using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>This server's documents together with those of others; of version 2 once somebody asks for it.</summary>
internal sealed class MergedDocuments
{
    private readonly Lazy<SwaggerDocuments> _v2;

    public MergedDocuments(OpenApiDocuments own, IReadOnlyList<RemoteVersion> remotes)
    {
        (Own, Remotes) = (own, remotes);
        V3Index = own.IndexWith(remotes);
        _v2 = new(() => remotes.All(static r => r.OpenApiV2.IsEmpty) ? own.V2 : Merge(own, remotes));
    }

    public OpenApiDocuments Own { get; }

    public IReadOnlyList<RemoteVersion> Remotes { get; }

    public CompressedDocument V3Index { get; }

    public SwaggerDocuments V2 => _v2.Value;

    /// <summary>
    /// Own first, then others by priority: who comes first keeps paths and names. Of another server's document counts
    /// what is below its group version.
    /// </summary>
    private static SwaggerDocuments Merge(OpenApiDocuments own, IReadOnlyList<RemoteVersion> remotes)
    {
        var merged = JsonNode.Parse(
            own.V2.Json.Plain(), documentOptions: new JsonDocumentOptions { MaxDepth = JsonTree.MaxDepth })!.AsObject();
        foreach (var remote in remotes.Where(static r => !r.OpenApiV2.IsEmpty)
            .OrderByDescending(static r => r.Priority.Group).ThenByDescending(static r => r.Priority.Version)
            .ThenBy(static r => r.Group, StringComparer.Ordinal).ThenBy(static r => r.Version, StringComparer.Ordinal))
        {
            var document = JsonTree.Parse(remote.OpenApiV2.Span)!.AsObject();
            SwaggerMerger.Add(merged, SwaggerMerger.Below(document, $"/apis/{remote.Group}/{remote.Version}/"));
        }

        foreach (var part in SwaggerMerger.Parts.Where(merged.ContainsKey))
        {
            merged[part] = new JsonObject(
                merged[part]!.AsObject().OrderBy(static p => p.Key, StringComparer.Ordinal)
                    .Select(static p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        }

        return SwaggerDocuments.Of(JsonTree.ToBytes(merged, 4 * 1024 * 1024));
    }
}
