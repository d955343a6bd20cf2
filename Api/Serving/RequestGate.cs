using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.FlowControl;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Formats;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>Answers one authenticated request that has been read.</summary>
public delegate Task RequestAnswer(HttpContext context, RequestInfo request, UserIdentity user);

/// <summary>
/// Lets requests in when their priority level has seats for them, and ends them when their time is over, by upstream's
/// rules: who finds no seat waits in a queue, is refused when that is full, and when a quarter of the request's time is
/// over. A watch holds its seats until it has begun; what else runs long (proxies, logs, exec …) counts nowhere and has
/// no deadline.
/// </summary>
public sealed class RequestGate
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromMinutes(1);

    private readonly RequestLimits _limits;
    private readonly FlowController _flows;
    private readonly WorkEstimator _estimator;
    private readonly WatchCounts _watches;
    private readonly RequestPhases _phases;
    private readonly FlowMetrics _flowMetrics;
    private readonly ApiMetrics _metrics;
    private readonly TimeProvider _time;

    public RequestGate(
        RequestLimits limits, FlowController flows, WorkEstimator estimator, WatchCounts watches,
        RequestPhases phases, FlowMetrics flowMetrics, ApiMetrics metrics, TimeProvider time)
    {
        (_limits, _flows, _estimator, _watches, _phases) = (limits, flows, estimator, watches, phases);
        (_flowMetrics, _metrics, _time) = (flowMetrics, metrics, time);
        metrics.ObserveRequests(() => phases.Counts(RequestPhase.Executing), () => phases.Counts(RequestPhase.Waiting));
    }

    /// <summary>
    /// Why a request is refused before anybody asks who sent it, as upstream has it: the time that it is given cannot
    /// be read. Null for others, which come to <see cref="RunAsync"/>.
    /// </summary>
    public Status? Refuse(HttpRequest http, RequestInfo request) =>
        LastsLong(request) || ReadTimeout(http, out _) is not { } complaint
            ? null
            : StatusErrors.BadRequest(complaint);

    /// <summary>Has a request answered within its limits, or refuses it.</summary>
    public Task RunAsync(HttpContext context, RequestInfo request, UserIdentity user, RequestAnswer answer) =>
        request.Verb == "watch" ? WatchAsync(context, request, user, answer)
        : LastsLong(request) ? answer(context, request, user)
        : AnswerAsync(context, request, user, answer);

    /// <summary>Requests that last as long as their clients want.</summary>
    internal static bool LastsLong(RequestInfo request) =>
        request.Verb is "watch" or "proxy"
        || (request.IsResourceRequest
            && request.Subresource is "attach" or "exec" or "proxy" or "log" or "portforward");

    private async Task AnswerAsync(HttpContext context, RequestInfo request, UserIdentity user, RequestAnswer answer)
    {
        _ = ReadTimeout(context.Request, out var timeout);
        var flow = Classify(context, request, user);
        if (await TakeSeatsAsync(context, request, user, flow, timeout / 4) is not { } seats)
        {
            return;
        }

        Count(request, RequestPhase.Executing, 1);
        try
        {
            await AnswerWithinAsync(timeout - seats.Waited, context, request, user, answer);
        }
        finally
        {
            Count(request, RequestPhase.Executing, -1);
            _flowMetrics.Run(flow, flow.Level.Queues.Return(seats.Slot), isWatch: false);
        }
    }

    private async Task WatchAsync(HttpContext context, RequestInfo request, UserIdentity user, RequestAnswer answer)
    {
        var flow = Classify(context, request, user);
        if (await TakeSeatsAsync(context, request, user, flow, _limits.RequestTimeout / 4) is not { } seats)
        {
            return;
        }

        Count(request, RequestPhase.Executing, 1);
        var start = new WatchStart(() =>
        {
            Count(request, RequestPhase.Executing, -1);
            _flowMetrics.Run(flow, flow.Level.Queues.Return(seats.Slot), isWatch: true);
        });
        context.Features.Set(start);
        _watches.Add(request);
        try
        {
            await answer(context, request, user);
        }
        finally
        {
            start.End();
            _watches.Remove(request);
        }
    }

    private void Count(RequestInfo request, RequestPhase phase, int change) =>
        _phases.Add(phase, request.IsReadOnly, change);

    private Flow Classify(HttpContext context, RequestInfo request, UserIdentity user)
    {
        var flow = _flows.Classify(request, user);
        AnswerHeaders.SetFlow(context.Response, flow.SchemaUid, flow.LevelUid);
        return flow;
    }

    /// <summary>The seats of a request, and how long it waited; null when it is refused, and told so.</summary>
    private async ValueTask<(int Slot, TimeSpan Waited)?> TakeSeatsAsync(
        HttpContext context, RequestInfo request, UserIdentity user, Flow flow, TimeSpan patience)
    {
        var waited = TimeSpan.Zero;
        var verdict = Ask(context, request, user, flow, out var slot, out var queued);
        if (verdict == SeatVerdict.Queued)
        {
            var arrived = _time.GetTimestamp();
            Count(request, RequestPhase.Waiting, 1);
            try
            {
                verdict = await WaitAsync(queued!, patience, context);
            }
            finally
            {
                Count(request, RequestPhase.Waiting, -1);
            }

            (slot, waited) = (queued!.Slot, _time.GetElapsedTime(arrived));
            RequestWaits.Of(context).Queued(waited);
            _flowMetrics.Wait(flow, waited, verdict);
        }

        if (verdict == SeatVerdict.Seated)
        {
            return (slot, waited);
        }

        await RefuseAsync(context, request, flow);
        return null;
    }

    private SeatVerdict Ask(
        HttpContext context, RequestInfo request, UserIdentity user, Flow flow, out int slot, out QueuedRequest? queued)
    {
        var estimate = _estimator.Estimate(context.Request, request, flow.MaxSeats);
        var distinguisher = flow.DistinguisherOf(request, user);
        var verdict = flow.Level.Queues.Ask(
            new SeatRequest(flow, distinguisher, estimate, request, user), flow.HandOf(distinguisher), out slot,
            out queued);
        _flowMetrics.Ask(flow, estimate, verdict, queued);
        if (_estimator.WatchesOf(request) is { } watches)
        {
            _flowMetrics.Watch(flow, watches);
        }

        return verdict;
    }

    /// <summary>Until there are seats, the time is over, or the client goes: that is thrown.</summary>
    private async Task<SeatVerdict> WaitAsync(QueuedRequest queued, TimeSpan limit, HttpContext context)
    {
        using var over = new CancellationTokenSource(limit < MaxWait ? limit : MaxWait, _time);
        await using var late = over.Token.UnsafeRegister(
            static queued => ((QueuedRequest)queued!).Abandon(SeatVerdict.TimedOut), queued);
        await using var gone = context.RequestAborted.UnsafeRegister(
            static queued => ((QueuedRequest)queued!).Abandon(SeatVerdict.Cancelled), queued);
        var verdict = await queued.Outcome;
        return verdict != SeatVerdict.Cancelled
            ? verdict
            : throw new OperationCanceledException(context.RequestAborted);
    }

    private Task RefuseAsync(HttpContext context, RequestInfo request, Flow flow)
    {
        _metrics.Drop(UseMetrics.KindOf(request.IsReadOnly), request);
        return PlainText.TooManyRequestsAsync(context, flow.Level.Refusals.Refuse());
    }

    /// <summary>The client may shorten the deadline; the complaint is upstream's.</summary>
    private string? ReadTimeout(HttpRequest request, out TimeSpan timeout)
    {
        timeout = _limits.RequestTimeout;
        if (!request.QueryString.HasValue || new QueryReader(request.Query).Text("timeout") is not { Length: > 0 } text)
        {
            return null;
        }

        if (GoDuration.Read(text, out var asked) is { } complaint)
        {
            return $"invalid timeout specified in the request URL - {complaint}";
        }

        timeout = asked > TimeSpan.Zero && asked < timeout ? asked : timeout;
        return null;
    }

    /// <summary>
    /// The deadline reaches the work as the request's own token does, so that whatever ends when the client goes ends
    /// when the time is over, too.
    /// </summary>
    private async Task AnswerWithinAsync(
        TimeSpan timeout, HttpContext context, RequestInfo request, UserIdentity user, RequestAnswer answer)
    {
        var clientGone = context.RequestAborted;
        using var over = new CancellationTokenSource(timeout, _time);
        await using var linked = clientGone.UnsafeRegister(
            static state => ((CancellationTokenSource)state!).Cancel(), over);
        context.RequestAborted = over.Token;
        context.Features.Set(new RequestDeadline(over, timeout, _time));
        try
        {
            await answer(context, request, user);
        }
        catch (Exception ended) when (
            ended is OperationCanceledException or TimeoutException or UnknownOutcomeException
            && over.IsCancellationRequested && !clientGone.IsCancellationRequested)
        {
            _metrics.Terminate(request, StatusCodes.Status504GatewayTimeout);
            if (context.Response.HasStarted)
            {
                _metrics.Abort(request);
                context.Abort();
                return;
            }

            throw new StatusException(StatusErrors.Timeout("request did not complete within the allotted timeout"));
        }
        finally
        {
            context.RequestAborted = clientGone;
        }
    }
}
