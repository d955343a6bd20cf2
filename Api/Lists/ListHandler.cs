using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>Answers lists of every kind.</summary>
public sealed class ListHandler(
    ResourceCaches caches, ObjectReader reader, ListResolver resolver, SnapshotShelf shelf, ProtobufShelf messages,
    LongWorkTurns turns, IWatchHandler watches, TimeProvider clock)
    : IListHandler
{
    private readonly SlicesTable _slices = new();

    /// <inheritdoc/>
    public async Task ListAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var format = Negotiator.Negotiate(
            context.Request, EndpointKind.Collection, ProtobufForm.Of(definition) is not null);
        if (!format.Succeeded)
        {
            await StatusJson.WriteAsync(context, format.Error);
            return;
        }

        var options = ListOptions.Read(context.Request.Query);
        if (options.Succeeded && options.Value.Watch)
        {
            await watches.WatchAsync(context, request, definition);
            return;
        }

        var refusal = options.Succeeded
            ? await AnswerAsync(context, request, definition, format.Value, options.Value)
            : options.Error;
        if (refusal is not null)
        {
            await StatusJson.WriteAsync(context, refusal);
        }
    }

    /// <summary>Writes the answer, or says why there is none.</summary>
    private async Task<Status?> AnswerAsync(
        HttpContext context, RequestInfo request, ResourceDefinition definition, ResponseFormat format, ListOptions options)
    {
        if (options.Validate() is { } invalid)
        {
            return invalid;
        }

        var selection =
            ObjectSelection.Parse(definition, request.Namespace, "", options.LabelSelector, options.FieldSelector);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        using var work = turns.Begin();
        if (definition.Of.IsVirtual)
        {
            var made = await reader.SnapshotAsync(definition.Storage, ReadFreshness.Cached, context.RequestAborted);
            return await SendAsync(
                context, format, definition, new ListPage(0, [.. selection.Value.Select(made)], "", null), work);
        }

        var position = await resolver.ResolveAsync(definition, options, selection.Value, context.RequestAborted);
        if (!position.Succeeded)
        {
            return position.Error;
        }

        var page = await ListPage.TakeAsync(position.Value, selection.Value, work, context.RequestAborted);
        if (page.Unreadable is { Stored: { } unreadable })
        {
            return unreadable.ListRefusal;
        }

        if (page.Continue.Length > 0 && position.Value.Snapshot is { } snapshot)
        {
            shelf.Put(await caches.GetAsync(definition.Storage, context.RequestAborted), snapshot);
        }

        return await SendAsync(context, format, definition, page, work);
    }

    private async Task<Status?> SendAsync(
        HttpContext context, ResponseFormat format, ResourceDefinition definition, ListPage page, LongWork work)
    {
        if (AuditRecord.Of(context) is { WantsResponse: true } audit)
        {
            var logged = definition.Conversion is null
                ? page
                : await page.ShownAsync(definition, context.RequestAborted);
            audit.Answered(logged.ToJson(definition));
        }

        if (format.Form == ObjectForm.PartialObjectMetadata)
        {
            return Negotiator.WrongForm("PartialObjectMetadata", isList: true, GoType.Of(definition, "List"));
        }

        if (definition.Asked is not null)
        {
            page = await page.ShownAsync(definition, context.RequestAborted);
        }

        if (format.Wire == Wire.Protobuf)
        {
            await new ProtobufListWriter(definition, messages, page, work).SendAsync(context, format);
            return null;
        }

        var shown = definition.Conversion is null or IAskedConversion
            ? page
            : await page.ShownAsync(definition, context.RequestAborted);
        var writer = new ListWriter(definition, _slices.Of(definition), shown, work);
        switch (format.Form)
        {
            case ObjectForm.PartialObjectMetadataList:
                await writer.SendPartialAsync(context, format);
                return null;
            case ObjectForm.Table:
                var rowObject = TableRenderer.ReadRowObject(context.Request.Query);
                if (!rowObject.Succeeded)
                {
                    return rowObject.Error;
                }

                await writer.SendTableAsync(
                    context, format, new TableRenderer(definition, rowObject.Value, format.MetaVersion, clock));
                return null;
            default:
                await writer.SendListAsync(context, format);
                return null;
        }
    }
}
