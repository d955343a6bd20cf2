using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>
/// Comes first: <c>system:masters</c> may do everything, and the API's own client to nodes
/// (<see cref="SystemNames.KubeletClients"/>) nothing at all. What the former may do is listed by the role that is
/// bound to them.
/// </summary>
public sealed class MastersAuthorizer : IAuthorizer
{
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var groups = attributes.User.Groups;
        return new(groups.Contains(SystemNames.KubeletClients)
            ? AuthorizationDecision.Deny("the API's client to nodes is no client of the API")
            : groups.Contains(SystemNames.Masters)
                ? AuthorizationDecision.Allow
                : AuthorizationDecision.NoOpinion());
    }
}
