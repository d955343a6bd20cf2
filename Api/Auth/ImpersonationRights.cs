using OrleansOrchestrator.Api.Errors;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Asks for the rights that acting as somebody else needs, and counts that.</summary>
internal sealed class ImpersonationRights(AuthorizerChain authorizers, ImpersonationMetrics metrics, TimeProvider time)
{
    /// <summary>Null when the sender has the right.</summary>
    /// <param name="mode">Of acting as somebody else.</param>
    /// <param name="wanted">The right.</param>
    /// <param name="cancellationToken">The request's end.</param>
    public async ValueTask<Status?> RefuseAsync(
        string mode, AuthorizationAttributes wanted, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var decision = await authorizers.AuthorizeAsync(wanted, cancellationToken);
        metrics.Asked(mode, decision.IsAllowed, time.GetElapsedTime(began));
        return decision.IsAllowed ? null
            : Refusals.Forbidden(
                wanted, string.Join(": ", new[] { decision.Failure, decision.Reason }.Where(static t => t.Length > 0)));
    }
}
