using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>What one server was found to serve.</summary>
/// <param name="Asked">The group versions that it was asked for.</param>
/// <param name="AskedAt">When.</param>
internal sealed record RemoteServer(IReadOnlyList<RemoteApi> Asked, DateTimeOffset AskedAt)
{
    /// <summary>Who asks for documents of OpenAPI, as upstream has it.</summary>
    private static readonly UserIdentity OpenApiUser = new() { Name = "system:aggregator" };

    /// <summary>The last document that it answered; null when it never did.</summary>
    public RemoteDocument? Document { get; init; }

    /// <summary>The document's tag.</summary>
    public string ETag { get; init; } = "";

    /// <summary>Its OpenAPI documents: their paths, and where they are.</summary>
    public IReadOnlyDictionary<string, string> OpenApi { get; init; } = new Dictionary<string, string>();

    /// <summary>Its OpenAPI v2 document: the last one that it answered.</summary>
    public RemoteSwagger Swagger { get; init; } = RemoteSwagger.None;

    /// <summary>It did not answer when it was asked last.</summary>
    public bool IsStale { get; init; }

    /// <summary>Asks a server for its discovery; what was known before is kept when it does not answer.</summary>
    /// <param name="apis">Its group versions; one at least.</param>
    /// <param name="before">What was known; null for nothing.</param>
    /// <param name="ask">Asks it.</param>
    /// <param name="now">The time.</param>
    public static async Task<RemoteServer> AskAsync(
        IReadOnlyList<RemoteApi> apis, RemoteServer? before, Func<RemoteQuestion, ValueTask<RemoteAnswer>> ask,
        DateTimeOffset now)
    {
        var known = (before ?? new RemoteServer([], now)) with { Asked = apis, AskedAt = now };
        if (!apis.Any(static a => a.IsAvailable))
        {
            return known with { Document = null, ETag = "", IsStale = true };
        }

        var answer = await ask(Get("/apis") with { Accept = RemoteDocument.Accept, ETag = known.ETag });
        var document = answer.Code == 304 ? known.Document
            : answer.Succeeded ? RemoteDocument.ReadAggregated(answer.Body.Span)
            : null;
        document ??= answer.Succeeded || answer.Code is 404 or 406 ? await AskOldAsync(apis, ask) : null;
        if (document is null)
        {
            return known with { IsStale = true };
        }

        var index = await ask(Get("/openapi/v3") with { User = OpenApiUser });
        var swagger = await ask(Get("/openapi/v2") with { User = OpenApiUser, ETag = known.Swagger.ETag });
        return known with
        {
            Document = document, ETag = answer.Code is 200 or 304 ? answer.ETag : "", IsStale = false,
            OpenApi = index.Succeeded ? RemoteDocument.ReadOpenApiIndex(index.Body.Span) : known.OpenApi,
            Swagger = known.Swagger.Next(swagger),
        };
    }

    /// <summary>Of a server that has one list for each group version; null when it does not answer for one.</summary>
    private static async Task<RemoteDocument?> AskOldAsync(
        IReadOnlyList<RemoteApi> apis, Func<RemoteQuestion, ValueTask<RemoteAnswer>> ask)
    {
        var versions = new Dictionary<string, JsonArray>(StringComparer.Ordinal);
        foreach (var api in apis)
        {
            var answer = await ask(Get($"/apis/{api.GroupVersion}"));
            if (!answer.Succeeded || RemoteDocument.ReadList(answer.Body.Span) is not { } resources)
            {
                return null;
            }

            versions[api.GroupVersion] = resources;
        }

        return new RemoteDocument(versions);
    }

    private static RemoteQuestion Get(string path) => new(HttpMethod.Get, path);
}
