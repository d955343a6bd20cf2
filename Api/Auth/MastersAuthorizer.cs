using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Lets only <c>system:masters</c> in: what holds when the host registers no other authorizer.</summary>
public sealed class MastersAuthorizer : IAuthorizer
{
    public ValueTask<AuthorizationDecision> AuthorizeAsync(
        UserIdentity user, RequestInfo request, CancellationToken cancellationToken) =>
        new(user.Groups.Contains("system:masters") ? AuthorizationDecision.Allow : AuthorizationDecision.NoOpinion);
}
