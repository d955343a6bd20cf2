using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Says whether a user may do what a request asks for.</summary>
public interface IAuthorizer
{
    ValueTask<AuthorizationDecision> AuthorizeAsync(
        UserIdentity user, RequestInfo request, CancellationToken cancellationToken);
}

/// <summary>The outcome of authorization.</summary>
/// <param name="Allowed">Whether the request may go on.</param>
/// <param name="Reason">Why not: appended to the refusal's text when not empty.</param>
public readonly record struct AuthorizationDecision(bool Allowed, string Reason = "")
{
    public static readonly AuthorizationDecision Allow = new(true);

    public static readonly AuthorizationDecision NoOpinion = new(false);
}
