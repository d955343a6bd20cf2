using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.History;

/// <summary>
/// Says which objects of a resource went, and when, to whoever may list it there: of an object that is deleted at once
/// neither it nor its watch says so.
/// </summary>
internal sealed class DeletionHandler(IDeletionLog log, TimeProvider time) : IEndpointHandler
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1000;

    private const long DefaultSeconds = 3600;
    private const string TimeForm = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";

    /// <summary>Ten years, which no change log holds.</summary>
    private const long MaxSeconds = 10L * 366 * 24 * 3600;

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Group != HistoryResources.Group || !request.IsResourceRequest)
        {
            return false;
        }

        var refusal = request is not
            {
                Version: HistoryResources.Version, Resource: HistoryResources.Deletions, Name.Length: > 0,
                Subresource: "",
            }
            ? Refusals.UnknownResource
            : request.Verb != "get" ? Refusals.MethodNotAllowed
            : await AnswerAsync(context, request);
        if (refusal is not null)
        {
            await StatusJson.WriteAsync(context, refusal);
        }

        return true;
    }

    private async Task<Status?> AnswerAsync(HttpContext context, RequestInfo request)
    {
        var query = new QueryReader(context.Request.Query);
        var seconds = Math.Clamp(query.Number("sinceSeconds") ?? DefaultSeconds, 0, MaxSeconds);
        var limit = (int)Math.Clamp(query.Number("limit") ?? DefaultLimit, 1, MaxLimit);
        if (query.Refusal is { } refusal)
        {
            return refusal;
        }

        var (group, plural) = HistoryResources.Of(request.Name);
        var found = await log.ReadDeletionsAsync(
            new ResourceName(group, plural), request.Namespace, time.GetUtcNow() - TimeSpan.FromSeconds(seconds),
            limit, context.RequestAborted);
        await ResponseBody.SendAsync(
            context, "application/json", StatusCodes.Status200OK, Write(found).WrittenMemory);
        return null;
    }

    private static ArrayBufferWriter<byte> Write(IReadOnlyList<Deletion> found)
    {
        var body = new ArrayBufferWriter<byte>(256 + (found.Count * 160));
        using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteString("kind"u8, "DeletionList"u8);
        writer.WriteString("apiVersion"u8, $"{HistoryResources.Group}/{HistoryResources.Version}");
        writer.WriteStartArray("items"u8);
        foreach (var (key, uid, revision, at) in found)
        {
            writer.WriteStartObject();
            writer.WriteString("time"u8, at.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture));
            if (key.Namespace.Length > 0)
            {
                writer.WriteString("namespace"u8, key.Namespace);
            }

            writer.WriteString("name"u8, key.Name);
            writer.WriteString("uid"u8, uid);
            writer.WriteString("resourceVersion"u8, revision.ToString(CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        return body;
    }
}
