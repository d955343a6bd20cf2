using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Interfaces.Security;

namespace OrleansOrchestrator.Api.Auth;

/// <summary>Wires authentication and the built-in authorization into a host.</summary>
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
        services.AddSingleton<Authenticator>();
        services.AddSingleton<NodeRules>();
        services.AddSingleton<IAuthorizer, BuiltInAuthorizer>();
        services.AddSingleton<IConnectHandler, TokenRequestHandler>();
        services.AddSingleton<IEndpointHandler, IssuerDiscovery>();
        return services;
    }
}
