using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>Answers watches of every kind.</summary>
public sealed class WatchHandler(
    ResourceCaches caches, ListResolver resolver, ApiMetrics metrics, TimeProvider clock, ServerDrain? drain = null)
    : IWatchHandler
{
    /// <summary>
    /// A watch without a time-out of its own ends after this and a random part of it again, so that clients spread.
    /// </summary>
    public static readonly TimeSpan MinTimeout = TimeSpan.FromMinutes(30);

    /// <summary>No watch lasts longer, whatever the client asks.</summary>
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(1);

    private static readonly Status NotAStream = new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
    };

    /// <inheritdoc/>
    public async Task WatchAsync(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var prepared = Prepare(context, request, definition);
        if (!prepared.Succeeded)
        {
            await StatusJson.WriteAsync(context, prepared.Error);
            return;
        }

        var cache = await caches.GetAsync(definition.Storage, context.RequestAborted);
        var plan = await WatchPlan.MakeAsync(cache, resolver, prepared.Value.Options, context.RequestAborted);
        if (!plan.Succeeded)
        {
            await StatusJson.WriteAsync(context, plan.Error);
            return;
        }

        using var counted = metrics.CountWatcher(definition);
        await StreamAsync(context, cache, definition, prepared.Value, plan.Value);
    }

    private static Outcome<Prepared> Prepare(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var format = Negotiator.Negotiate(context.Request, EndpointKind.Collection);
        if (!format.Succeeded)
        {
            return format.Error;
        }

        if (format.Value.Wire == Wire.Yaml)
        {
            return NotAStream;
        }

        var read = ListOptions.Read(context.Request.Query);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var options = WatchPlan.Complete(read.Value);
        if (options.Validate() is { } invalid)
        {
            return invalid;
        }

        var rowObject = TableRenderer.ReadRowObject(context.Request.Query);
        if (format.Value.Form == ObjectForm.Table && !rowObject.Succeeded)
        {
            return rowObject.Error;
        }

        // Old paths (/watch/…/pods/web) name an object; in the query form the field selector does.
        var name = request.Parts.Count > 1 ? request.Name : "";
        var selection =
            ObjectSelection.Parse(definition, request.Namespace, name, options.LabelSelector, options.FieldSelector);
        return selection.Succeeded
            ? new Prepared(
                format.Value, options, selection.Value, rowObject.Succeeded ? rowObject.Value : RowObject.Metadata)
            : selection.Error;
    }

    private static TimeSpan TimeoutOf(ListOptions options)
    {
        if (options.TimeoutSeconds is > 0 and var seconds)
        {
            return seconds > MaxTimeout.TotalSeconds ? MaxTimeout : TimeSpan.FromSeconds(seconds);
        }

        return MinTimeout + (MinTimeout * Random.Shared.NextDouble());
    }

    private async Task StreamAsync(
        HttpContext context, ResourceCache cache, ResourceDefinition definition, Prepared prepared, WatchPlan plan)
    {
        var (format, options, selection, rowObject) = prepared;
        var response = context.Response;
        response.StatusCode = 200;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-cache, private";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, drain?.WatchesEnd ?? CancellationToken.None);
        try
        {
            // The client waits for the head before it considers the watch open.
            await response.BodyWriter.FlushAsync(ends.Token);
            var table = format.Form == ObjectForm.Table
                ? new TableRenderer(definition, rowObject, format.MetaVersion, clock)
                : null;
            var encoder = new WatchEncoder(definition, format, table);
            var stream = new WatchStream(response.BodyWriter, encoder, selection, clock)
            {
                AfterRevision = plan.AfterRevision,
                CurrentRevision = () => cache.Current.Revision,
                Bookmarks = options.AllowWatchBookmarks,
            };
            using var watcher = cache.Watch(selection.ToWatch(plan.AfterRevision));
            if (plan.Initial is null || await stream.SendInitialAsync(plan, ends.Token))
            {
                await stream.RunAsync(watcher, TimeoutOf(options), ends.Token);
            }
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The client went away, or the silo is stopping: either way the stream just ends.
        }
    }

    private sealed record Prepared(
        ResponseFormat Format, ListOptions Options, ObjectSelection Selection, RowObject RowObject);
}
