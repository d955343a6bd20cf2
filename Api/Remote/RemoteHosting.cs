using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Store;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>Wires calls to other servers into a host.</summary>
public static class RemoteHosting
{
    /// <summary>Registers everything in this folder, once; needs <see cref="ObjectReader"/>.</summary>
    public static IServiceCollection AddRemoteCalls(this IServiceCollection services)
    {
        services.TryAddSingleton<ServiceResolver>();
        services.TryAddSingleton<RemoteConnections>();
        services.TryAddSingleton<RemoteCaller>();
        return services;
    }
}
