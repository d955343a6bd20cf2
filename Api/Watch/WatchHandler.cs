using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Tables;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Watch;

/// <summary>Answers watches of every kind.</summary>
public sealed class WatchHandler(
    ResourceCaches caches, ListResolver resolver, RequestLimits limits, ApiMetrics metrics, ProtobufShelf messages,
    LongWorkTurns turns, TimeProvider clock,
    ServerDrain? drain = null)
    : IWatchHandler
{
    /// <summary>No watch lasts longer, whatever the client asks.</summary>
    public static readonly TimeSpan MaxTimeout = TimeSpan.FromDays(1);

    /// <summary>How long a client that does not read may keep a watch that is over.</summary>
    private static readonly TimeSpan Overtime = TimeSpan.FromSeconds(10);

    private static readonly Status NotAStream = new()
    {
        Code = 406,
        Reason = StatusReasons.NotAcceptable,
        Message = "only the following media types are accepted: application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch",
    };

    private static readonly Status OtherName =
        StatusErrors.BadRequest("fieldSelector metadata.name doesn't match requested name");

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

        var rowObject = ReadForm(context, prepared.Value.Format);
        if (!rowObject.Succeeded)
        {
            await StatusJson.WriteAsync(context, rowObject.Error);
            return;
        }

        using var counted = metrics.CountLongRunning(request);
        await StreamAsync(context, cache, definition, prepared.Value with { RowObject = rowObject.Value }, plan.Value);
    }

    private static Outcome<Prepared> Prepare(HttpContext context, RequestInfo request, ResourceDefinition definition)
    {
        var format = Negotiator.Negotiate(
            context.Request, EndpointKind.Collection, ProtobufForm.Of(definition) is not null);
        if (!format.Succeeded)
        {
            return format.Error;
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

        // Old paths (/watch/…/pods/web) name an object; in the query form the field selector does. That of a
        // namespace names it twice over.
        var name = request.Parts.Count > 1 ? request.Name : "";
        var selection = ObjectSelection.Parse(
            definition, definition.Namespaced ? request.Namespace : "", name, options.LabelSelector,
            options.FieldSelector);
        if (!selection.Succeeded)
        {
            return selection.Error;
        }

        return name.Length > 0 && options.FieldSelector.Length > 0 && selection.Value.RequiredName != name
            ? OtherName
            : new Prepared(format.Value, options, selection.Value);
    }

    /// <summary>What is refused only when the watch could begin.</summary>
    private static Outcome<RowObject> ReadForm(HttpContext context, ResponseFormat format)
    {
        var rowObject = format.Form == ObjectForm.Table
            ? TableRenderer.ReadRowObject(context.Request.Query)
            : RowObject.Metadata;
        return rowObject.Succeeded && format.Wire == Wire.Yaml ? NotAStream : rowObject;
    }

    private TimeSpan TimeoutOf(ListOptions options)
    {
        // A watch that should have ended before it began ends as it begins.
        if (options.TimeoutSeconds is not (null or 0) and var seconds)
        {
            return TimeSpan.FromSeconds(Math.Clamp(seconds.Value, 0, (long)MaxTimeout.TotalSeconds));
        }

        return limits.MinWatchTimeout + (limits.MinWatchTimeout * Chance.Source.NextDouble());
    }

    private async Task StreamAsync(
        HttpContext context, ResourceCache cache, ResourceDefinition definition, Prepared prepared, WatchPlan plan)
    {
        var timeout = TimeoutOf(prepared.Options);
        using var overdue = new CancellationTokenSource(timeout + Overtime, clock);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, drain?.WatchesEnd ?? CancellationToken.None, overdue.Token);
        try
        {
            if (context.WebSockets.IsWebSocketRequest)
            {
                await WatchSocket.SendAsync(
                    context, prepared.Format.Wire,
                    (pipe, token) => RunAsync(context, pipe, cache, definition, prepared, plan, timeout, token),
                    ends.Token);
                return;
            }

            context.Response.ContentType = prepared.Format.Wire == Wire.Protobuf
                ? $"{prepared.Format.ContentType};stream=watch"
                : prepared.Format.ContentType;
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

            // The client waits for the head before it considers the watch open.
            await context.Response.BodyWriter.FlushAsync(ends.Token);
            await RunAsync(
                context, context.Response.BodyWriter, cache, definition, prepared, plan, timeout, ends.Token);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
            // The client went away, or the silo is stopping: either way the stream just ends. What a client does not
            // read holds it no longer than it lasts.
            if (overdue.IsCancellationRequested)
            {
                context.Abort();
            }
        }
    }

    private async Task RunAsync(
        HttpContext context, PipeWriter pipe, ResourceCache cache, ResourceDefinition definition, Prepared prepared,
        WatchPlan plan, TimeSpan timeout, CancellationToken ends)
    {
        var (format, options, selection, rowObject) = prepared;
        var table = format.Form == ObjectForm.Table
            ? new TableRenderer(definition, rowObject, format.MetaVersion, clock)
            : null;
        IWatchEncoder encoder = format.Wire == Wire.Protobuf
            ? new ProtobufWatchEncoder(definition, format, messages)
            : new WatchEncoder(definition, format, table);
        var measured = new MeasuredEncoder(encoder, metrics.WatchEvents.Of(definition));
        if (plan.Refusal is { } refusal)
        {
            measured.WriteError(pipe, refusal);
            await pipe.FlushAsync(ends);
            return;
        }

        var stream = new WatchStream(pipe, measured, selection, turns, clock)
        {
            AfterRevision = plan.AfterRevision,
            CurrentRevision = () => cache.Current.Revision,
            Bookmarks = options.AllowWatchBookmarks,
            Asked = definition.Asked,
        };
        using var watcher = cache.Watch(selection.ToWatch(plan.AfterRevision));
        if (plan.Initial is null || await stream.SendInitialAsync(plan, ends))
        {
            context.Features.Get<WatchStart>()?.End();
            await stream.RunAsync(watcher, timeout, ends);
        }
    }

    private sealed record Prepared(
        ResponseFormat Format, ListOptions Options, ObjectSelection Selection,
        RowObject RowObject = RowObject.Metadata);
}
