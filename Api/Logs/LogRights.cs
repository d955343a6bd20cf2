using Microsoft.AspNetCore.Http;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Api.Logs;

/// <summary>
/// Which lines a user may see, once it is known that they may read the logs of the place: Events are for those who may
/// list them there, too.
/// </summary>
internal sealed class LogRights(AuthorizerChain authorizers)
{
    /// <summary>The user, as whom the request acts.</summary>
    public static UserIdentity WhoAsks(HttpContext context) => context.Features.Get<UserIdentity>()
        ?? throw new InvalidOperationException("The router has not said who asks.");

    /// <summary>
    /// Of what is asked for, what the user may see; who asks for Events alone is refused with the reason.
    /// </summary>
    public async ValueTask<Outcome<LogOrigins>> OfAsync(HttpContext context, RequestInfo request, LogOrigins asked)
    {
        if (!asked.HasFlag(LogOrigins.Events))
        {
            return asked;
        }

        var wanted = request.By(WhoAsks(context)) with
        {
            Verb = "list", Group = "", Version = "v1", Resource = "events", Subresource = "", Name = "",
            FieldSelector = "", LabelSelector = "",
        };
        var decision = await authorizers.AuthorizeAsync(wanted, context.RequestAborted);
        return decision.IsAllowed ? asked
            : asked == LogOrigins.Events ? Refusals.Forbidden(wanted, decision.Reason)
            : asked & ~LogOrigins.Events;
    }
}
