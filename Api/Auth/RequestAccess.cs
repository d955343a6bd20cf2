using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// What is asked of every request before anything answers it, whatever its path: who sends it, as whom, and whether
/// they may.
/// </summary>
public sealed class RequestAccess(
    IAuthenticator authenticator, Impersonation impersonation, AuthorizerChain authorizers, AccessMetrics metrics,
    TimeProvider time)
{
    /// <summary>Who sends the request; null when their credentials are none.</summary>
    public async ValueTask<UserIdentity?> AuthenticateAsync(HttpContext context)
    {
        var sender = await IdentifyAsync(context);
        if (sender?.Name is null or SystemNames.Anonymous)
        {
            CloseAfterThis(context);
        }

        return sender;
    }

    /// <summary>As whom the request goes on; a refusal is 403 or, for headers that make no sense, 400.</summary>
    public async ValueTask<Outcome<UserIdentity>> ActAsync(
        HttpContext context, RequestInfo request, UserIdentity sender)
    {
        var start = time.GetTimestamp();
        var acting = await impersonation.ResolveAsync(
            context.Request.Headers, request.By(sender), context.RequestAborted, AuditRecord.Of(context));
        RequestWaits.Acted(context, time.GetElapsedTime(start));
        return acting;
    }

    /// <summary>
    /// Null when the user may have the request answered; 403 when not, 500 when nobody could decide it.
    /// </summary>
    public async ValueTask<Status?> RefuseAsync(HttpContext context, RequestInfo request, UserIdentity user)
    {
        var wanted = RequestRights.Of(request.By(user));
        var start = time.GetTimestamp();
        var decision = await authorizers.AuthorizeAsync(wanted, context.RequestAborted);
        var elapsed = time.GetElapsedTime(start);
        metrics.Authorized(decision, elapsed);
        RequestWaits.Authorized(context, elapsed);
        if (AuditRecord.Of(context) is { } audit)
        {
            Note(decision, audit);
        }

        return decision.IsAllowed ? null
            : decision.Failure.Length > 0 ? StatusErrors.InternalError(decision.Failure)
            : Refusals.Forbidden(wanted, decision.Reason);
    }

    private async ValueTask<UserIdentity?> IdentifyAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        UserIdentity? sender;
        try
        {
            sender = await authenticator.AuthenticateAsync(context);
        }
        catch
        {
            metrics.AuthenticationFailed(time.GetElapsedTime(start));
            throw;
        }

        var elapsed = time.GetElapsedTime(start);
        metrics.Authenticated(sender?.Name, elapsed);
        RequestWaits.Authenticated(context, elapsed);
        return sender;
    }

    private static void Note(AuthorizationDecision decision, AuditRecord audit)
    {
        var hasFailed = !decision.IsAllowed && decision.Failure.Length > 0;
        if (!hasFailed)
        {
            audit.Annotate("authorization.k8s.io/decision", decision.IsAllowed ? "allow" : "forbid");
        }

        audit.Annotate("authorization.k8s.io/reason", hasFailed ? "internal error" : decision.Reason);
    }

    /// <summary>
    /// HTTP/2 lets a client make much work with little: who has not proved who it is may not keep such a connection.
    /// </summary>
    private static void CloseAfterThis(HttpContext context)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }
}
