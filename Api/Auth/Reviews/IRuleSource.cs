using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.Auth.Reviews;

/// <summary>An authorizer that can list what it allows somebody.</summary>
public interface IRuleSource
{
    /// <summary>What a user may do in a namespace, as far as this authorizer decides.</summary>
    ValueTask<AllowedRules> RulesForAsync(UserIdentity user, string space, CancellationToken cancellationToken);
}
