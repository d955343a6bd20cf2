using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>All OpenAPI documents of a resource table.</summary>
internal sealed class OpenApiDocuments
{
    private OpenApiDocuments(
        CompressedDocument v2, CompressedDocument v2Protobuf, SortedDictionary<string, CompressedDocument> v3)
    {
        V2 = v2;
        V2Protobuf = v2Protobuf;
        V3 = v3;
        V3Index = CompressedDocument.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("paths");
            foreach (var (path, document) in v3)
            {
                writer.WriteStartObject(path);
                writer.WriteString("serverRelativeURL", $"/openapi/v3/{path}?hash={document.Hash}");
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    public CompressedDocument V2 { get; }

    public CompressedDocument V2Protobuf { get; }

    /// <summary>By path below <c>/openapi/v3/</c>: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public IReadOnlyDictionary<string, CompressedDocument> V3 { get; }

    public CompressedDocument V3Index { get; }

    /// <summary>Makes the documents.</summary>
    /// <param name="table">The resources.</param>
    /// <param name="readTexts">Reads the descriptions of models and their properties.</param>
    public static OpenApiDocuments Build(
        ResourceTable table, Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts)
    {
        var catalogue = new DefinitionCatalogue();
        var all = table.All.Select(d => new PathBuilder(d, catalogue)).ToList();
        using var schemas = SchemaDefinitions.Make(catalogue, all.SelectMany(b => b.Roots), readTexts);
        var v3 = new SortedDictionary<string, CompressedDocument>(StringComparer.Ordinal);
        foreach (var group in table.All.GroupBy(d => d.ApiVersion, StringComparer.Ordinal))
        {
            var builders = group.Select(d => new PathBuilder(d, catalogue)).ToList();
            var closure = schemas.Closure(builders.SelectMany(b => b.Roots));
            var path = group.Key.Contains('/', StringComparison.Ordinal) ? $"apis/{group.Key}" : $"api/{group.Key}";
            v3[path] = CompressedDocument.Of(
                w => OpenApiV3Writer.Write(w, VersionHandler.GitVersion, Paths(builders), closure));
        }

        var everything = schemas.Closure(all.SelectMany(b => b.Roots));
        return new OpenApiDocuments(
            CompressedDocument.Of(w => SwaggerWriter.Write(w, VersionHandler.GitVersion, Paths(all), everything)),
            new CompressedDocument(SwaggerProtobufWriter.Write(VersionHandler.GitVersion, Paths(all), everything)),
            v3);
    }

    private static IEnumerable<ApiPath> Paths(IEnumerable<PathBuilder> builders) =>
        builders.SelectMany(b => b.Build()).OrderBy(p => p.Path, StringComparer.Ordinal);
}
