using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Store;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Lists;

/// <summary>Answers lists of every kind.</summary>
public sealed class ListHandler(
    ResourceCaches caches, ObjectReader reader, ListResolver resolver, SnapshotShelf shelf, ListResponder responder,
    LongWorkTurns turns, IWatchHandler watches)
    : IListHandler
{
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

        if (definition.Of.IsVirtual)
        {
            var made = await reader.SnapshotAsync(definition.Storage, ReadFreshness.Cached, context.RequestAborted);
            return await responder.SendAsync(
                context, format, definition, new ListPage(0, [.. selection.Value.Select(made)], "", null));
        }

        var position = await resolver.ResolveAsync(definition, options, selection.Value, context.RequestAborted);
        if (!position.Succeeded)
        {
            return position.Error;
        }

        using var work = turns.Begin();
        var page = await ListPage.TakeAsync(position.Value, selection.Value, work, context.RequestAborted);
        if (page.Unreadable is { Stored: { } unreadable })
        {
            return unreadable.ListRefusal;
        }

        if (page.Continue.Length > 0 && position.Value.Snapshot is { } snapshot)
        {
            shelf.Put(await caches.GetAsync(definition.Storage, context.RequestAborted), snapshot);
        }

        return await responder.SendAsync(context, format, definition, page);
    }
}
