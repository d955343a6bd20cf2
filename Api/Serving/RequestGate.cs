using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api.Serving;

/// <summary>Answers one authenticated request that has been read.</summary>
public delegate Task RequestAnswer(HttpContext context, RequestInfo request, UserIdentity user);

/// <summary>
/// Lets requests in while there is room, and ends them when their time is over, by upstream's rules: reads and writes
/// have limits of their own, what runs long (watches, proxies, logs, exec …) counts nowhere and has no deadline, and
/// masters are never turned away. Health is asked of a server that is busy, so it is exempt, too.
/// </summary>
public sealed class RequestGate
{
    private readonly RequestLimits _limits;
    private readonly ApiMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly Lane _reads;
    private readonly Lane _writes;

    public RequestGate(RequestLimits limits, ApiMetrics metrics, TimeProvider time)
    {
        (_limits, _metrics, _time) = (limits, metrics, time);
        _reads = new Lane("readOnly", limits.MaxReadsInFlight);
        _writes = new Lane("mutating", limits.MaxWritesInFlight);
        metrics.ObserveInFlight(_reads.Kind, () => _reads.Taken);
        metrics.ObserveInFlight(_writes.Kind, () => _writes.Taken);
    }

    /// <summary>Has a request answered within its limits, or refuses it.</summary>
    public async Task RunAsync(HttpContext context, RequestInfo request, UserIdentity user, RequestAnswer answer)
    {
        if (IsLongRunning(request))
        {
            await answer(context, request, user);
            return;
        }

        if (ReadTimeout(context.Request, out var timeout) is { } complaint)
        {
            await StatusJson.WriteAsync(context, StatusErrors.BadRequest(complaint));
            return;
        }

        var lane = request.IsReadOnly ? _reads : _writes;
        var isCounted = lane.TryEnter();
        if (!isCounted && !IsExempt(request, user))
        {
            _metrics.Drop(lane.Kind, request);
            await PlainText.TooManyRequestsAsync(context);
            return;
        }

        try
        {
            await AnswerWithinAsync(timeout, context, request, user, answer);
        }
        finally
        {
            if (isCounted)
            {
                lane.Leave();
            }
        }
    }

    /// <summary>Requests that last as long as their clients want.</summary>
    private static bool IsLongRunning(RequestInfo request) =>
        request.Verb is "watch" or "proxy"
        || (request.IsResourceRequest
            && request.Subresource is "attach" or "exec" or "proxy" or "log" or "portforward");

    private static bool IsExempt(RequestInfo request, UserIdentity user) =>
        user.Groups.Contains(SystemNames.Masters, StringComparer.Ordinal)
        || (!request.IsResourceRequest
            && request.Path.Split('/', 3) is [_, "healthz" or "livez" or "readyz", ..]);

    /// <summary>The client may shorten the deadline; the complaint is upstream's.</summary>
    private string? ReadTimeout(HttpRequest request, out TimeSpan timeout)
    {
        timeout = _limits.RequestTimeout;
        if (!request.QueryString.HasValue || request.Query["timeout"] is not [{ Length: > 0 } text, ..])
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

    /// <summary>Requests of one sort that are being answered.</summary>
    private sealed class Lane(string kind, int limit)
    {
        private int _taken;

        public string Kind => kind;

        public int Taken => Volatile.Read(ref _taken);

        public bool TryEnter()
        {
            if (Interlocked.Increment(ref _taken) <= limit || limit == 0)
            {
                return true;
            }

            Leave();
            return false;
        }

        public void Leave() => Interlocked.Decrement(ref _taken);
    }
}
