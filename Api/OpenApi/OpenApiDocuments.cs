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
        SortedDictionary<string, GroupDocuments> v3,
        Func<SwaggerDocuments> makeV2)
    {
        _groups = groups;
        _v2 = new(makeV2);
        V3 = v3;
        V3Index = IndexWith([]);
    }

    public SwaggerDocuments V2 => _v2.Value;

    /// <summary>By path below <c>/openapi/v3/</c>: <c>api/v1</c>, <c>apis/apps/v1</c>.</summary>
    public IReadOnlyDictionary<string, GroupDocuments> V3 { get; }

    public CompressedDocument V3Index { get; }

    /// <summary>The index with the documents of group versions that others serve; of what both do, theirs counts.
    /// </summary>
    public CompressedDocument IndexWith(IReadOnlyList<RemoteVersion> remotes)
    {
        var places = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, document) in V3)
        {
            places[path] = $"/openapi/v3/{path}?hash={document.Json.Hash}";
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
        var v3 = new SortedDictionary<string, GroupDocuments>(StringComparer.Ordinal);
        var changed = new Dictionary<string, (IReadOnlyList<ApiPath> Paths, IReadOnlyList<string> Roots)>(
            StringComparer.Ordinal);
        foreach (var (path, definitions) in groups)
        {
            if (before?._groups.GetValueOrDefault(path)?.SequenceEqual(definitions) == true)
            {
                v3[path] = before.V3[path];
            }
            else
            {
                changed[path] = Describe(definitions);
            }
        }

        foreach (var (name, path) in RootPaths.Documents(table))
        {
            if (before?.V3.GetValueOrDefault(name) is { } document)
            {
                v3[name] = document;
            }
            else
            {
                changed[name] = ([path], [.. RootPaths.Answers([path])]);
            }
        }

        Write(catalogue, changed, v3, readTexts);
        return new OpenApiDocuments(groups, v3, () => MakeV2(catalogue, table, readTexts));
    }

    /// <summary>The paths of some resources, by path.</summary>
    public static IEnumerable<ApiPath> Paths(IEnumerable<PathBuilder> builders) =>
        builders.SelectMany(b => b.Build()).OrderBy(p => p.Path, StringComparer.Ordinal);

    /// <summary>The paths of resources, with that of the list of them, and the schemas that they refer to.</summary>
    private static (IReadOnlyList<ApiPath> Paths, IReadOnlyList<string> Roots) Describe(
        IEnumerable<ResourceDefinition> definitions)
    {
        var builders = definitions.Select(static d => new PathBuilder(d)).ToList();
        var lists = RootPaths.Resources(definitions).ToList();
        return ([.. lists, .. Paths(builders)], [.. RootPaths.Answers(lists), .. builders.SelectMany(b => b.Roots)]);
    }

    private static void Write(
        DefinitionCatalogue catalogue,
        IReadOnlyDictionary<string, (IReadOnlyList<ApiPath> Paths, IReadOnlyList<string> Roots)> changed,
        SortedDictionary<string, GroupDocuments> documents,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts)
    {
        var roots = changed.Values.SelectMany(static c => c.Roots).ToList();
        using var definitions = SchemaDefinitions.Make(catalogue, roots, readTexts);
        var schemas = OpenApiModel.Schemas(definitions.Closure(roots));
        foreach (var (name, (paths, referred)) in changed)
        {
            documents[name] = new GroupDocuments(OpenApiV3Writer.Write(
                VersionHandler.GitVersion, paths,
                catalogue.Closure(referred).Select(n => KeyValuePair.Create(n, schemas[n]))));
        }
    }

    private static SwaggerDocuments MakeV2(
        DefinitionCatalogue catalogue,
        ResourceTable table,
        Func<IReadOnlySet<string>, IReadOnlyDictionary<string, string>> readTexts)
    {
        var (resources, referred) = Describe(table.All);
        var paths = RootPaths.Documents(table).Select(static d => d.Value).Concat(resources)
            .OrderBy(static p => p.Path, StringComparer.Ordinal).ToList();
        var roots = referred.Concat(RootPaths.Answers(paths)).ToList();
        using var definitions = SchemaDefinitions.Make(catalogue, roots, readTexts, isSimple: true);
        return SwaggerDocuments.Of(CompressedDocument.Write(
            w => SwaggerWriter.Write(w, VersionHandler.GitVersion, paths, definitions.Closure(roots))));
    }
}
