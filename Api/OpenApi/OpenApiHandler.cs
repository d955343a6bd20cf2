using System.Globalization;
using System.Xml;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.OpenApi;

/// <summary>Answers <c>/openapi/v2</c> and <c>/openapi/v3</c>. The documents are made when somebody
/// asks.</summary>
public sealed partial class OpenApiHandler : IEndpointHandler
{
    private const string Json = "application/json";
    private const string Anything = "*/*";
    private const string V2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    private const string V2ProtobufOld = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    private const string V3Protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";
    private const string V3ProtobufOld = "application/com.github.proto-openapi.spec.v3@v1.0+protobuf";
    private const string V3Root = "/openapi/v3";

    private readonly CatalogView<OpenApiDocuments> _documents;
    private readonly IRemoteVersions _remotes;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    /// <summary>With the documents of other servers; the last that there were.</summary>
    private volatile MergedDocuments? _merged;

    public OpenApiHandler(
        ResourceCatalog catalog, IRemoteVersions remotes, TimeProvider time, ILogger<OpenApiHandler> logger)
    {
        (_remotes, _time, _logger) = (remotes, time, logger);
        _documents = new CatalogView<OpenApiDocuments>(catalog, (table, before) =>
            OpenApiDocuments.Build(table, m => ReadTexts(ModelDocumentation.DefaultPath, m), before));
    }

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        var path = request.Path.TrimEnd('/');
        if (path != "/openapi/v2" && path != V3Root && !path.StartsWith(V3Root + "/", StringComparison.Ordinal))
        {
            return false;
        }

        if (!HttpMethods.IsGet(context.Request.Method))
        {
            await StatusJson.WriteAsync(context, Refusals.MethodNotAllowed);
        }
        else if (path == "/openapi/v2")
        {
            await SendV2Async(context);
        }
        else
        {
            await SendV3Async(context, path.Length == V3Root.Length ? "" : path[(V3Root.Length + 1)..]);
        }

        return true;
    }

    /// <summary>The descriptions; none, with a warning, when their file is missing or broken: clients can do without
    /// them.</summary>
    internal IReadOnlyDictionary<string, string> ReadTexts(string path, IReadOnlySet<string> models)
    {
        try
        {
            return ModelDocumentation.Read(path, models);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or XmlException)
        {
            LogNoTexts(e, path);
            return new Dictionary<string, string>();
        }
    }

    private Task SendV2Async(HttpContext context)
    {
        var accept = context.Request.Headers.Accept.Count == 0
            ? Anything
            : Negotiation.AcceptHeader.Of(context.Request);
        switch (FormOf(accept, V2Protobuf, V2ProtobufOld))
        {
            case V2Protobuf: return V2().Protobuf.SendAsync(context, V2Protobuf);
            case Json: return V2().Json.SendAsync(context, Json);
            default:
                context.Response.StatusCode = 406;
                return Task.CompletedTask;
        }
    }

    private async Task SendV3Async(HttpContext context, string name)
    {
        if (name.Length == 0)
        {
            await (Merged()?.V3Index ?? _documents.Current.V3Index).SendAsync(context, Json);
            return;
        }

        if (!_documents.Current.V3.TryGetValue(name, out var documents))
        {
            await PlainText.NotFoundAsync(context);
            return;
        }

        if (V3FormOf(context.Request) is not { } type)
        {
            context.Response.StatusCode = 406;
            return;
        }

        var document = type == Json ? documents.Json : documents.Protobuf;
        var hash = new QueryReader(context.Request.Query).Text("hash");
        if (hash.Length > 0 && hash != document.Hash)
        {
            context.Response.Redirect($"{V3Root}/{name}?hash={document.Hash}", permanent: true);
            return;
        }

        // An address with the hash never changes its content.
        if (hash.Length > 0)
        {
            context.Response.Headers.CacheControl = "public, immutable";
            context.Response.Headers.Expires = _time.GetUtcNow().AddYears(1)
                .ToString("ddd, dd MMM yyyy HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);
        }

        await document.SendAsync(context, type);
    }

    private SwaggerDocuments V2() => Merged()?.V2 ?? _documents.Current.V2;

    /// <summary>Null when there are no other servers.</summary>
    private MergedDocuments? Merged()
    {
        var (documents, remotes) = (_documents.Current, _remotes.Current);
        if (remotes.Count == 0)
        {
            return null;
        }

        var merged = _merged;
        if (merged is null || !ReferenceEquals(merged.Own, documents) || !ReferenceEquals(merged.Remotes, remotes))
        {
            _merged = merged = new MergedDocuments(documents, remotes);
        }

        return merged;
    }

    private static string? V3FormOf(HttpRequest request)
    {
        var accept = Negotiation.AcceptHeader.Of(request);
        return FormOf(accept.Length == 0 ? Anything : accept, V3Protobuf, V3ProtobufOld);
    }

    /// <summary>The media type to answer with; null when the client takes none.</summary>
    private static string? FormOf(string accept, string protobuf, string protobufOld)
    {
        foreach (var clause in Negotiation.AcceptHeader.Parse(accept))
        {
            var type = $"{clause.Type}/{clause.Subtype}";
            if (type == protobuf || type == protobufOld)
            {
                return protobuf;
            }

            if (type is Json or Anything or "application/*")
            {
                return Json;
            }
        }

        return null;
    }

    [LoggerMessage(
        1,
        LogLevel.Warning,
        "OpenAPI schemas have no descriptions: the models' documentation could not be read from {Path}.")]
    private partial void LogNoTexts(Exception cause, string path);
}
