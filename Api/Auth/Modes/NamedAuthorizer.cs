using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.Auth.Modes;

/// <summary>An authorizer as a configuration names it, whose decisions are counted.</summary>
internal sealed class NamedAuthorizer(
    AuthorizerSettings settings, IAuthorizer inner, AuthorizationMetrics metrics) : IAuthorizer
{
    public IAuthorizer Inner => inner;

    /// <inheritdoc/>
    public async ValueTask<AuthorizationDecision> AuthorizeAsync(
        AuthorizationAttributes attributes, CancellationToken cancellationToken)
    {
        var decision = await inner.AuthorizeAsync(attributes, cancellationToken);
        if (decision.Verdict != AuthorizationVerdict.NoOpinion)
        {
            metrics.Decided(settings, decision.IsAllowed);
        }

        return decision;
    }
}
