using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// All OpenAPI documents of a resource table. Those of groups that are as they were are taken over from the table
/// before: a new custom kind costs its own group's document, and version 2 only once somebody asks for it.
/// </summary>
internal sealed class OpenApiDocuments
{
    private readonly Dictionary<string, IReadOnlyList<ResourceDefinition>> _groups;
    private readonly Lazy<SwaggerDocuments> _v2;

    private OpenApiDocuments(
        Dictionary<string, IReadOnlyList<ResourceDefinition>> groups,
        SortedDictionary<string, CompressedDocument> v3,
        Func<SwaggerDocuments> makeV2)
    {
        _groups = groups;
        _v2 = new(makeV2);
        V3 = v3;
        V3Index = IndexWith([]);
    }

    public SwaggerDocuments V2 => _v2.Value;

    /// <summary>By path below <c>/openapi/v3/</c>: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public IReadOnlyDictionary<string, CompressedDocument> V3 { get; }

    public CompressedDocument V3Index { get; }

    /// <summary>The index with the documents of group versions that others serve; of what both do, theirs counts.
    /// </summary>
    public CompressedDocument IndexWith(IReadOnlyList<RemoteVersion> remotes)
    {
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, document) in V3)
        {
            places[path] = $"/openapi/v3/{path}?hash={document.Hash}";
        }

        foreach (var remote in remotes)
        {
            var path = $"apis/{remote.Group}/{remote.Version}";
            places.Remove(path);
            if (remote.OpenApiUrl is { } url)
            {
                places[path] = url;
            }
        }

        return CompressedDocument.Of(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("paths");
            foreach (var (path, place) in places)
            {
                writer.WriteStartObject(path);
                writer.WriteString("serverRelativeURL", place);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    /// <summary>Makes the documents.</summary>
    /// <param name="table">The resources.</param>
    /// <param name="readTexts">Reads the descriptions of models and their properties.</param>
    /// <param name="before">The documents of the table before; null when there are none.</param>
    public static OpenApiDocuments Build(
        ResourceTable table,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts,
        OpenApiDocuments? before = null)
    {
        var catalogue = new DefinitionCatalogue(table);
        var groups = table.All.GroupBy(d => d.ApiVersion, StringComparer.Ordinal).ToDictionary(
            g => g.Key.Contains('/', StringComparison.Ordinal) ? $"apis/{g.Key}" : $"api/{g.Key}",
            g => (IReadOnlyList<ResourceDefinition>)[.. g], StringComparer.Ordinal);
        var v3 = new SortedDictionary<string, CompressedDocument>(StringComparer.Ordinal);
        var changed = new List<string>();
        foreach (var (path, definitions) in groups)
        {
            if (before?._groups.GetValueOrDefault(path)?.SequenceEqual(definitions) == true)
            {
                v3[path] = before.V3[path];
            }
            else
            {
                changed.Add(path);
            }
        }

        Write(catalogue, groups, changed, v3, readTexts);
        return new OpenApiDocuments(groups, v3, () => MakeV2(catalogue, table, readTexts));
    }

    /// <summary>The paths of some resources, by path.</summary>
    public static IEnumerable<ApiPath> Paths(IEnumerable<PathBuilder> builders) =>
        builders.SelectMany(b => b.Build()).OrderBy(p => p.Path, StringComparer.Ordinal);

    private static void Write(
        DefinitionCatalogue catalogue,
        Dictionary<string, IReadOnlyList<ResourceDefinition>> groups,
        IReadOnlyList<string> changed,
        SortedDictionary<string, CompressedDocument> documents,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts)
    {
        var builders = changed.ToDictionary(
            path => path, path => groups[path].Select(d => new PathBuilder(d)).ToList(), StringComparer.Ordinal);
        var roots = builders.Values.SelectMany(b => b).SelectMany(b => b.Roots).ToList();
        using var definitions = SchemaDefinitions.Make(catalogue, roots, readTexts);
        var schemas = OpenApiModel.Schemas(definitions.Closure(roots));
        foreach (var (path, resources) in builders)
        {
            var closure = catalogue.Closure(resources.SelectMany(b => b.Roots));
            documents[path] = new CompressedDocument(OpenApiV3Writer.Write(
                VersionHandler.GitVersion, Paths(resources),
                closure.Select(n => KeyValuePair.Create(n, schemas[n]))));
        }
    }

    private static SwaggerDocuments MakeV2(
        DefinitionCatalogue catalogue,
        ResourceTable table,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts)
    {
        var all = table.All.Select(d => new PathBuilder(d)).ToList();
        var roots = all.SelectMany(b => b.Roots).ToList();
        using var definitions = SchemaDefinitions.Make(catalogue, roots, readTexts, isSimple: true);
        return SwaggerDocuments.Of(CompressedDocument.Write(
            w => SwaggerWriter.Write(w, VersionHandler.GitVersion, Paths(all), definitions.Closure(roots))));
    }
}
