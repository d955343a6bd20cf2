using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Auth.Rbac;
using OrleansOrchestrator.Api.Auth.Reviews;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Wires authentication and authorization into a host.</summary>
public static class AuthHosting
{
    /// <summary>
    /// Registers everything in this folder. The host calls <see cref="TrustStore.LoadAsync"/> once the silo runs.
    /// </summary>
    public static IServiceCollection AddOrchestratorAuth(this IServiceCollection services, AuthOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<TrustStore>();
        services.AddSingleton<IClusterTrust>(provider => provider.GetRequiredService<TrustStore>());
        services.AddSingleton<ServiceAccountTokens>();
        services.AddSingleton<SecretTokens>();
        services.AddSingleton<ISecretTokens>(provider => provider.GetRequiredService<SecretTokens>());
        services.AddSingleton<BootstrapTokens>();
        services.AddSingleton<BearerTokens>();
        services.AddSingleton<ClientCertificates>();
        services.AddSingleton<IAuthenticator, Authenticator>();
        services.AddSingleton<NodeRelations>();
        services.AddSingleton<IAuthorizer, NodeAuthorizer>();
        services.AddSingleton<IAuthorizer, BuiltInRoles>();
        services.TryAddSingleton<RoleBook>();
        services.AddSingleton<IAuthorizer, RoleAuthorizer>();
        services.AddSingleton<TokenBindings>();
        services.AddSingleton<IEndpointHandler, IssuerDiscovery>();
        services.AddSingleton<IQuestionHandler, TokenReviewHandler>();
        services.AddSingleton<IQuestionHandler, SelfSubjectReviewHandler>();
        services.AddSingleton<IQuestionHandler, AccessReviewHandler>();
        services.AddSingleton<IQuestionHandler, RulesReviewHandler>();
        return services;
    }
}
