using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>
/// Answers <c>/openapi/v1.json</c>: one document of the whole façade, as ASP.NET Core keeps it, for tools that make
/// clients. Made when somebody asks.
/// </summary>
public sealed class FacadeHandler : IEndpointHandler
{
    private const string Path = $"/openapi/{FacadeDocument.Name}.json";

    private readonly CatalogView<Task<CompressedDocument>> _document;

    public FacadeHandler(IServiceProvider services, ResourceCatalog catalog) =>
        _document = new(catalog, (_, _) => MakeAsync(services));

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Path != Path)
        {
            return false;
        }

        await (HttpMethods.IsGet(context.Request.Method)
            ? (await _document.Current).SendAsync(context, "application/json")
            : StatusJson.WriteAsync(context, Refusals.MethodNotAllowed));
        return true;
    }

    private static async Task<CompressedDocument> MakeAsync(IServiceProvider services)
    {
        var provider = services.GetRequiredKeyedService<IOpenApiDocumentProvider>(FacadeDocument.Name);
        var document = await provider.GetOpenApiDocumentAsync(CancellationToken.None);
        using var output = new MemoryStream();
        await document.SerializeAsJsonAsync(output, OpenApiSpecVersion.OpenApi3_0);
        return new CompressedDocument(output.ToArray());
    }
}
