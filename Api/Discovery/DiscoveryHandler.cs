using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Discovery;

/// <summary>Answers <c>/api</c>, <c>/apis</c> and what is below them short of resources.</summary>
public sealed class DiscoveryHandler(
    ResourceCatalog catalog, IEnumerable<OptionalKinds> optional, IRemoteVersions remoteVersions) : IEndpointHandler
{
    private const string AggregatedSuffix = ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private readonly OptionalKinds[] _optional = [.. optional];
    private readonly CatalogView<DiscoveryDocuments> _always =
        new(catalog, static (table, _) => new DiscoveryDocuments(table));

    /// <summary>With the kinds that are served only at times, or by others; the last ones that there were.</summary>
    private volatile DocumentsWith? _with;

    /// <summary>Paths of the documents, for the index.</summary>
    public IEnumerable<string> Paths => Documents.Paths;

    private DiscoveryDocuments Documents
    {
        get
        {
            var served = Array.FindAll(_optional, static o => o.AreServed());
            var remotes = remoteVersions.Current;
            if (served.Length == 0 && remotes.Count == 0)
            {
                return _always.Current;
            }

            var with = _with;
            var table = catalog.Current;
            if (with is null || !ReferenceEquals(with.Table, table) || !ReferenceEquals(with.Remotes, remotes)
                || !with.Kinds.SequenceEqual(served))
            {
                var all = table.With(served.SelectMany(static o => o.Kinds));
                _with = with = new DocumentsWith(table, served, remotes, new DiscoveryDocuments(all, remotes));
            }

            return with.Documents;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        var path = request.Path.TrimEnd('/');
        if (request.IsResourceRequest || !IsDiscovery(path))
        {
            return false;
        }

        if (Documents.Find(path) is not { } document)
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
        return parent != "/apis" && Documents.Find(parent) is not null;
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

        var isAggregated = format.Value.Form == ObjectForm.AggregatedDiscovery;
        var sent = !isAggregated ? document
            : path == "/api" ? Documents.CoreAggregated
            : Documents.GroupsAggregated;
        context.Response.Headers.Vary = "Accept";
        context.Response.Headers.ETag = sent.ETag;
        if (context.Request.Headers.IfNoneMatch.ToString() == sent.ETag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await ResponseBody.SendAsync(
            context, $"{format.Value.ContentType}{(isAggregated ? AggregatedSuffix : "")}", StatusCodes.Status200OK,
            ResponseBody.Rewrite(format.Value, sent.Json));
    }

    private sealed record DocumentsWith(
        ResourceTable Table, OptionalKinds[] Kinds, IReadOnlyList<RemoteVersion> Remotes,
        DiscoveryDocuments Documents);
}
