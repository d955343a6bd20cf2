using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Errors;

/// <summary>
/// The one place where failures of the environment become answers. Refused before anything was done: 503 with
/// Retry-After. Outcome unknown: 504 without it, because client-go repeats any verb whose answer has one. The rest: 500
/// with the trace id.
/// </summary>
public sealed partial class FailureMapper(ILogger<FailureMapper> logger)
{
    /// <summary>
    /// Runs a handler and answers for what it throws, unless the answer has begun or the client has gone.
    /// </summary>
    public async Task GuardAsync(HttpContext context, Func<HttpContext, Task> handler)
    {
        try
        {
            await handler(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            LogGone(context.Request.Method, context.Request.Path);
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            AnswerHeaders.Restart(context.Response);
            await StatusJson.WriteAsync(context, StatusOf(failure, context));
        }
    }

    /// <summary>The Status for a failure; also for writers in process.</summary>
    public Status Map(Exception failure, string traceId)
    {
        switch (failure)
        {
            case StatusException known:
                return known.Status;
            case UnknownOutcomeException:
                LogUnknown(failure, traceId);
                return StatusErrors.Timeout(
                    "request did not complete within the allotted timeout, its outcome is unknown");
            case StoreUnavailableException { IsDiskFull: true }:
                LogUnavailable(failure, traceId);
                return StatusErrors.ServiceUnavailable(
                    $"{StoreUnavailableException.DiskFull}: nothing can be written until there is room");
            case StoreUnavailableException { Refusal: { } why }:
                LogUnavailable(failure, traceId);
                return StatusErrors.InternalError(why);
            case StoreUnavailableException:
                LogUnavailable(failure, traceId);
                return StatusErrors.ServiceUnavailable("the store is not available");
            case Exception refused when CallFailures.WasNotExecuted(refused):
                LogUnavailable(failure, traceId);
                return StatusErrors.ServiceUnavailable("the server is too busy");
            case TimeoutException or OrleansException or OperationCanceledException:
                LogUnknown(failure, traceId);
                return StatusErrors.Timeout(
                    "request did not complete within the allotted timeout, its outcome is unknown");
            case BadHttpRequestException bad:
                return bad.StatusCode == 413
                    ? StatusErrors.RequestEntityTooLarge("limit is 3145728")
                    : StatusErrors.BadRequest(bad.Message);
            default:
                LogFailed(failure, traceId);
                return StatusErrors.InternalError($"unexpected failure, trace {traceId}");
        }
    }

    // What only reads has no outcome to be in doubt about: the client may ask again, here or at another silo.
    private Status StatusOf(Exception failure, HttpContext context)
    {
        var status = Map(failure, context.TraceIdentifier);
        return failure is not StatusException
            && status.Reason == StatusReasons.Timeout
            && HttpMethods.IsGet(context.Request.Method)
            ? StatusErrors.ServiceUnavailable("the request was cut short and can be repeated")
            : status;
    }

    [LoggerMessage(1, LogLevel.Debug, "Client of {Method} {Path} went away.")]
    private partial void LogGone(string method, string path);

    [LoggerMessage(2, LogLevel.Warning, "Outcome of request {TraceId} is unknown.")]
    private partial void LogUnknown(Exception failure, string traceId);

    [LoggerMessage(3, LogLevel.Warning, "Request {TraceId} was refused: the store or a silo is not available.")]
    private partial void LogUnavailable(Exception failure, string traceId);

    [LoggerMessage(4, LogLevel.Error, "Request {TraceId} failed.")]
    private partial void LogFailed(Exception failure, string traceId);
}
