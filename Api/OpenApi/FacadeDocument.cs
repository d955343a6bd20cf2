using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Fills the document of the whole façade from the catalogue, for clients that are generated: bodies and answers in
/// JSON alone, and watches as the streams that they are.
/// </summary>
internal sealed class FacadeDocument(ResourceCatalog catalog, OpenApiHandler handler) : IOpenApiDocumentTransformer
{
    /// <summary>Name of the document in ASP.NET Core's registry.</summary>
    public const string Name = "v1";

    private const string Json = "application/json";

    /// <inheritdoc/>
    public Task TransformAsync(
        OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        var table = catalog.Current;
        var builders = table.All.Select(d => new PathBuilder(d)).ToList();
        var roots = builders.SelectMany(b => b.Roots).ToList();
        using var definitions = SchemaDefinitions.Make(
            new DefinitionCatalogue(table), roots, models => handler.ReadTexts(ModelDocumentation.DefaultPath, models));
        document.Info = new OpenApiInfo { Title = "Kubernetes", Version = VersionHandler.GitVersion };
        document.Servers = [];
        document.Tags = null;
        document.Components = new OpenApiComponents
        {
            Schemas = OpenApiModel.Schemas(definitions.Closure(roots)).ToDictionary(StringComparer.Ordinal),
            SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
            {
                ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" },
            },
        };
        document.Paths = UsagePaths.Make();
        foreach (var path in OpenApiDocuments.Paths(builders))
        {
            document.Paths[path.Path] = OpenApiModel.PathItem(path, Make);
        }

        foreach (var (path, item) in LogPaths.All)
        {
            document.Paths[path] = item;
        }

        return Task.CompletedTask;
    }

    private static OpenApiOperation Make(Operation operation)
    {
        var isWatch = operation.Action is "watch" or "watchlist";
        var made = OpenApiModel.Operation(operation with
        {
            Produces = isWatch ? [$"{Json};stream=watch"] : [operation.Answer is null ? "text/plain" : Json],
            Consumes = operation.Consumes is ["*/*"] ? [Json] : operation.Consumes,
        });
        if (isWatch)
        {
            var content = made.Responses!["200"].Content!.Values.Single();
            content.Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
        }

        return made;
    }
}
