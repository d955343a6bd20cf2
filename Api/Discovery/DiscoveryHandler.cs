using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>Answers <c>/api</c>, <c>/apis</c> and what is below them short of resources.</summary>
public sealed class DiscoveryHandler(ResourceTable table) : IEndpointHandler
{
    private const string AggregatedType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private readonly DiscoveryDocuments _documents = new(table);

    /// <summary>Paths of the documents, for the index.</summary>
    public IEnumerable<string> Paths => _documents.Paths;

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        var path = request.Path.TrimEnd('/');
        if (request.IsResourceRequest || !IsDiscovery(path))
        {
            return false;
        }

        if (_documents.Find(path) is not { } document)
        {
            // An unknown version of a group that is served is the API's to refuse; an unknown group is nobody's.
            if (!IsKnownParent(path))
            {
                return false;
            }

            await StatusJson.WriteAsync(context, Refusals.UnknownResource);
            return true;
        }

        if (!HttpMethods.IsGet(context.Request.Method))
        {
            await StatusJson.WriteAsync(context, Refusals.MethodNotAllowed);
            return true;
        }

        await AnswerAsync(context, path, document);
        return true;
    }

    private static bool IsDiscovery(string path) =>
        path is "/api" or "/apis" || path.StartsWith("/api/", StringComparison.Ordinal) ||
        path.StartsWith("/apis/", StringComparison.Ordinal);

    private bool IsKnownParent(string path)
    {
        var parent = path[..path.LastIndexOf('/')];
        return parent != "/apis" && _documents.Find(parent) is not null;
    }

    private async Task AnswerAsync(HttpContext context, string path, DiscoveryDocument document)
    {
        var isRoot = path is "/api" or "/apis";
        var format =
            Negotiator.Negotiate(context.Request, isRoot ? EndpointKind.AggregatedDiscovery : EndpointKind.Discovery);
        if (!format.Succeeded)
        {
            await StatusJson.WriteAsync(context, format.Error);
            return;
        }

        context.Response.Headers.Vary = "Accept";
        if (format.Value.Form != ObjectForm.AggregatedDiscovery)
        {
            await ResponseBody.SendAsync(context, format.Value, 200, document.Json);
            return;
        }

        var aggregated = path == "/api" ? _documents.CoreAggregated : _documents.GroupsAggregated;
        context.Response.Headers.ETag = aggregated.ETag;
        if (context.Request.Headers.IfNoneMatch.ToString() == aggregated.ETag)
        {
            context.Response.StatusCode = 304;
            return;
        }

        await ResponseBody.SendAsync(
            context, format.Value with { Form = ObjectForm.Full, ContentType = AggregatedType }, 200, aggregated.Json);
    }
}
