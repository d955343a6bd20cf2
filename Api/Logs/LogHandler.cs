using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Lines;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>
/// Answers the group of central logs: searches and follows lines, and takes those of nodes. Where no store is, it says
/// so.
/// </summary>
internal sealed class LogHandler(
    LogServices? services, string absence, LogRights rights, ServerDrain? drain, TimeProvider time)
    : IEndpointHandler
{
    private const int MaxStreamsAtOnce = 1000;
    private const string Json = "application/json";

    private readonly FollowerPlaces _followers = new();

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, RequestInfo request)
    {
        if (request.Group != LogResources.Group || !request.IsResourceRequest)
        {
            return false;
        }

        Status? refusal;
        try
        {
            refusal = await AnswerAsync(context, request);
        }
        catch (LogStoreException failure)
        {
            refusal = StatusErrors.ServiceUnavailable(failure.Message);
        }
        catch (LogQueryException wrong)
        {
            refusal = StatusErrors.BadRequest(wrong.Message);
        }

        if (refusal is not null)
        {
            await RefuseAsync(context, refusal);
        }

        return true;
    }

    /// <summary>Also to who has had lines already: a stream that just ended would say that there are no more.</summary>
    private static async Task RefuseAsync(HttpContext context, Status refusal)
    {
        if (!context.Response.HasStarted)
        {
            await StatusJson.WriteAsync(context, refusal);
            return;
        }

        var output = new ArrayBufferWriter<byte>(512);
        StatusJson.WriteEvent(output, refusal);
        await context.Response.Body.WriteAsync(output.WrittenMemory, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private Task<Status?> AnswerAsync(HttpContext context, RequestInfo request) => request switch
    {
        { Version: not LogResources.Version } => Task.FromResult<Status?>(Refusals.UnknownResource),
        _ when services is null => Task.FromResult<Status?>(StatusErrors.NotImplemented(absence)),
        { Resource: LogResources.Lines, Name: "", Subresource: "", Verb: "list" } =>
            ListAsync(services, context, request),
        { Resource: LogResources.Lines, Name: "", Subresource: "", Verb: "watch" } =>
            WatchAsync(services, context, request),
        { Resource: LogResources.Lines, Name: "", Subresource: "" } =>
            Task.FromResult<Status?>(Refusals.MethodNotAllowed),
        { Resource: LogResources.Nodes, Verb: "create", Subresource: LogResources.Streams } =>
            OpenAsync(services, context, request),
        { Resource: LogResources.Nodes, Verb: "create", Subresource: LogResources.Segments } =>
            TakeAsync(services, context, request),
        { Resource: LogResources.Nodes, Subresource: LogResources.Streams or LogResources.Segments } =>
            Task.FromResult<Status?>(Refusals.MethodNotAllowed),
        _ => Task.FromResult<Status?>(Refusals.UnknownResource),
    };

    private async Task<Status?> ListAsync(LogServices services, HttpContext context, RequestInfo request)
    {
        var read = await ReadAsync(context, request);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var page = read.Value.Around is { } line
            ? await AroundAsync(services, read.Value, line, context.RequestAborted)
            : await services.Search.FindAsync(read.Value.Query, context.RequestAborted);
        var streams = await StreamsAsync(services, page.Lines, context.RequestAborted);
        await ResponseBody.SendAsync(context, Json, StatusCodes.Status200OK, LogLinesWriter.List(page, streams));
        return null;
    }

    /// <summary>What is asked, as far as the user may see it.</summary>
    private async Task<Outcome<LogLinesQuery>> ReadAsync(HttpContext context, RequestInfo request)
    {
        var read = LogLinesQuery.Read(context, request, time.GetUtcNow());
        if (!read.Succeeded)
        {
            return read;
        }

        var seen = await rights.OfAsync(context, request, read.Value.Query.Origins);
        return seen.Succeeded
            ? read.Value with { Query = read.Value.Query with { Origins = seen.Value } }
            : seen.Error;
    }

    /// <summary>The lines of the same container before and after one, the oldest first.</summary>
    private static async Task<LogPage> AroundAsync(
        LogServices services, LogLinesQuery asked, LogCursor line, CancellationToken cancellationToken)
    {
        var of = new LogQuery
        {
            Streams = new StreamFilter { Namespace = asked.Query.Streams.Namespace, Stream = line.Stream },
            Origins = asked.Query.Origins,
        };
        var before = await services.Search.FindAsync(
            of with { After = line, Limit = asked.Context }, cancellationToken);
        var after = await services.Search.FindAsync(
            of with
            {
                OldestFirst = true, After = line with { Sequence = line.Sequence - 1 }, Limit = asked.Context + 1,
            },
            cancellationToken);
        return new LogPage(
            [.. before.Lines.Reverse(), .. after.Lines],
            null,
            before.IsTimedOut || after.IsTimedOut,
            before.SegmentsRead + after.SegmentsRead,
            before.BytesRead + after.BytesRead);
    }

    private async Task<Status?> WatchAsync(LogServices services, HttpContext context, RequestInfo request)
    {
        var read = await ReadAsync(context, request);
        if (!read.Succeeded)
        {
            return read.Error;
        }

        var user = LogRights.WhoAsks(context).Name;
        if (_followers.Take(user) is { } refusal)
        {
            return StatusErrors.TooManyRequests(refusal, 5);
        }

        using var ends = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, drain?.WatchesEnd ?? CancellationToken.None);
        try
        {
            return await FollowAsync(services, context, read.Value.Query, ends.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The silo ends, and with it its watches: clients go on at another one.
            return StatusErrors.ServiceUnavailable("the server is shutting down");
        }
        finally
        {
            _followers.GiveBack(user);
        }
    }

    /// <summary>
    /// First the newest of what is there, as much as asked for, when the request names a time; then all that comes.
    /// </summary>
    private static async Task<Status?> FollowAsync(
        LogServices services, HttpContext context, LogQuery query, CancellationToken cancellationToken)
    {
        HashSet<LogCursor>? told = null;
        await foreach (var lines in services.Follower.FollowAsync(query, cancellationToken))
        {
            if (told is null)
            {
                context.Response.ContentType = $"{Json};stream=watch";
                context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
                await context.Response.StartAsync(cancellationToken);
                var page = query.From == long.MinValue
                    ? []
                    : (await services.Search.FindAsync(query with { OldestFirst = false, After = null },
                        cancellationToken)).Lines;
                told = [.. page.Select(static l => l.Cursor)];
                await SendAsync(services, context, [.. page.Reverse()], cancellationToken);
            }

            await SendAsync(services, context, [.. lines.Where(l => !told.Contains(l.Cursor))], cancellationToken);
        }

        return null;
    }

    private static async Task SendAsync(
        LogServices services, HttpContext context, IReadOnlyList<FoundLine> lines, CancellationToken cancellationToken)
    {
        if (lines.Count > 0)
        {
            var streams = await StreamsAsync(services, lines, cancellationToken);
            await context.Response.Body.WriteAsync(LogLinesWriter.Events(lines, streams), cancellationToken);
        }

        await context.Response.Body.FlushAsync(cancellationToken);
    }

    private static Task<IReadOnlyDictionary<long, LogStream>> StreamsAsync(
        LogServices services, IReadOnlyList<FoundLine> lines, CancellationToken cancellationToken) =>
        services.Streams.ReadAsync(lines.Select(static l => l.Cursor.Stream), cancellationToken);

    private static async Task<Status?> OpenAsync(LogServices services, HttpContext context, RequestInfo request)
    {
        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        if (LogStreamList.Read(body.Value.Span, MaxStreamsAtOnce) is not { } names)
        {
            return StatusErrors.BadRequest($"the body is no list of at most {MaxStreamsAtOnce} streams");
        }

        var answer = new List<LogStreamAnswer>();
        foreach (var name in names)
        {
            var stream = await services.Streams.OpenAsync(request.Name, name, context.RequestAborted);
            answer.Add(stream is null
                ? new LogStreamAnswer()
                : new LogStreamAnswer(stream.Id, stream.Position.File, stream.Position.Offset,
                    stream.Position.Sequence));
        }

        await ResponseBody.SendAsync(context, Json, StatusCodes.Status200OK, LogStreamList.WriteAnswers(answer));
        return null;
    }

    private static async Task<Status?> TakeAsync(LogServices services, HttpContext context, RequestInfo request)
    {
        if (RequestBody.MediaType(context.Request.ContentType) != LogBatch.ContentType)
        {
            return StatusErrors.BadRequest($"the body must be of type {LogBatch.ContentType}");
        }

        var body = await RequestBody.ReadAsync(context.Request, context.RequestAborted);
        if (!body.Succeeded)
        {
            return body.Error;
        }

        if (await services.Intake.TakeAsync(request.Name, body.Value, context.RequestAborted) is { } refusal)
        {
            return refusal;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    }
}
