using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Kernel;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>Answers <c>metrics.k8s.io</c> as metrics-server does, from memory.</summary>
public sealed class UsageHandler(
    IResourceMetrics metrics, IUsageHistory history, ObjectReader reader, ResourceTable table, TimeProvider time)
    : IEndpointHandler
{
    private static readonly ResourceTable Own = new(MetricsResources.Rows);

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Group != MetricsResources.Group || !request.IsResourceRequest || !metrics.IsAvailable)
        {
            return false;
        }

        var refusal = Own.Find(request.ResourceName, request.Version) is not { } definition
            || request.Subresource.Length > 0 ? Refusals.UnknownResource
            : request.Verb is not ("get" or "list") ? Refusals.MethodNotAllowed
            : HistoryQuery.IsIn(context.Request.Query) ? await AnswerPastAsync(context, request, definition)
            : await AnswerAsync(context, request, definition);
        if (refusal is not null)
        {
            await StatusJson.WriteAsync(context, refusal);
        }

        return true;
    }

    /// <summary>What was used in the past: who may see what is used now may see that, too.</summary>
    private async Task<Status?> AnswerPastAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var query = HistoryQuery.Read(context.Request.Query, request, !definition.Namespaced, time.GetUtcNow());
        if (!query.Succeeded)
        {
            return query.Error;
        }

        var page = await history.ReadAsync(query.Value.Of, context.RequestAborted);
        var body = new ArrayBufferWriter<byte>(64 * 1024);
        await using (var writer = new Utf8JsonWriter(body))
        {
            HistoryWriter.Write(writer, page, HistoryGroups.Make(page, query.Value));
        }

        await ResponseBody.SendAsync(
            context, "application/json", StatusCodes.Status200OK, body.WrittenMemory);
        return null;
    }

    private async Task<Status?> AnswerAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var isList = request.Verb == "list";
        var format = Negotiator.Negotiate(
            context.Request, isList ? EndpointKind.Collection : EndpointKind.Object, hasMessage: false);
        if (!format.Succeeded)
        {
            return format.Error;
        }

        var items = await FindAsync(request, definition, context.RequestAborted);
        if (!items.Succeeded)
        {
            return items.Error;
        }

        var row = TableRenderer.ReadRowObject(context.Request.Query);
        if (format.Value.Form == ObjectForm.Table && !row.Succeeded)
        {
            return row.Error;
        }

        var body = new ArrayBufferWriter<byte>(4096);
        await using (var writer = new Utf8JsonWriter(body))
        {
            Write(writer, items.Value, definition, format.Value, isList, row.Succeeded ? row.Value : default);
        }

        await ResponseBody.SendAsync(context, format.Value, StatusCodes.Status200OK, body.WrittenMemory);
        return null;
    }

    private async Task<Outcome<IReadOnlyList<UsageItem>>> FindAsync(
        RequestInfo request, ResourceDefinition definition, CancellationToken cancellationToken)
    {
        var measured = definition.Namespaced ? WellKnown.Pods : WellKnown.Nodes;
        var selection = ObjectSelection.Parse(
            table.Find(measured)!, request.Namespace, request.Name, request.LabelSelector, request.FieldSelector);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        var snapshot = await reader.SnapshotAsync(measured, ReadFreshness.Cached, cancellationToken);
        var found = selection.Value.Select(snapshot).Select(o => UsageOf(o, definition)).OfType<UsageItem>().ToList();
        if (found.Count > 0 || request.Name.Length == 0)
        {
            return found;
        }

        var name = definition.Namespaced ? request.Key.ToString() : request.Name;
        var missing = new ResourceName(MetricsResources.Group, definition.Kind.ToLowerInvariant());
        return StatusErrors.NotFound(missing, name);
    }

    private UsageItem? UsageOf(ResourceObject item, ResourceDefinition definition) => definition.Namespaced
        ? metrics.Find(item) is { } pod ? UsageItem.From(item, pod) : null
        : metrics.FindNode(item) is { } node ? UsageItem.From(item, node) : null;

    private void Write(
        Utf8JsonWriter writer, IReadOnlyList<UsageItem> items, ResourceDefinition definition, ResponseFormat format,
        bool isList, RowObject row)
    {
        var now = time.GetUtcNow();
        switch (format.Form)
        {
            case ObjectForm.Table:
                new TableRenderer(definition, row, format.MetaVersion, time)
                    .WriteStart(writer, "", continueToken: "", remaining: null, columns: true);
                foreach (var item in items)
                {
                    UsageWriter.WriteRow(writer, item, w => WriteRowObject(w, item, definition, format, row));
                }

                TableRenderer.WriteEnd(writer);
                break;
            case ObjectForm.Full when !isList:
                UsageWriter.Write(writer, items[0], definition.Kind, now);
                break;
            case ObjectForm.Full:
                WriteList(writer, items, w => UsageWriter.WriteType(w, $"{definition.Kind}List"),
                    (w, item) => UsageWriter.Write(w, item, kind: null, now));
                break;
            default:
                WriteList(writer, items, w => WriteMetaType(w, "PartialObjectMetadataList", format.MetaVersion),
                    (w, item) => WritePartial(w, item, format.MetaVersion));
                break;
        }
    }

    private static void WriteList(
        Utf8JsonWriter writer, IReadOnlyList<UsageItem> items, Action<Utf8JsonWriter> writeType,
        Action<Utf8JsonWriter, UsageItem> writeItem)
    {
        writer.WriteStartObject();
        writeType(writer);
        writer.WriteStartObject("metadata");
        writer.WriteEndObject();
        writer.WriteStartArray("items");
        foreach (var item in items)
        {
            writeItem(writer, item);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private void WriteRowObject(
        Utf8JsonWriter writer, UsageItem item, ResourceDefinition definition, ResponseFormat format, RowObject row)
    {
        switch (row)
        {
            case RowObject.None:
                writer.WriteNullValue();
                break;
            case RowObject.Object:
                UsageWriter.Write(writer, item, definition.Kind, time.GetUtcNow());
                break;
            default:
                WritePartial(writer, item, format.MetaVersion);
                break;
        }
    }

    private void WritePartial(Utf8JsonWriter writer, UsageItem item, string metaVersion)
    {
        writer.WriteStartObject();
        WriteMetaType(writer, "PartialObjectMetadata", metaVersion);
        UsageWriter.WriteMetadata(writer, item.Of, time.GetUtcNow());
        writer.WriteEndObject();
    }

    private static void WriteMetaType(Utf8JsonWriter writer, string kind, string metaVersion)
    {
        writer.WriteString("kind", kind);
        writer.WriteString("apiVersion", $"meta.k8s.io/{metaVersion}");
    }
}
