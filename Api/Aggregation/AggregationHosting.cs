using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Aggregation;

namespace OrleansOrchestrator.Api.Aggregation;

/// <summary>Wires the aggregation of other servers' APIs into a host.</summary>
public static class AggregationHosting
{
    /// <summary>Registers everything in this folder; needs caches, and what calls webhooks.</summary>
    public static IServiceCollection AddApiAggregation(this IServiceCollection services)
    {
        services.AddHttpForwarder();
        services.TryAddSingleton<RemoteApiBook>();
        services.TryAddSingleton<ProxyCertificate>();
        services.TryAddSingleton<ApiForwarder>();
        services.TryAddSingleton<RemoteDiscovery>();
        services.TryAddSingleton<IRemoteVersions>(static s => s.GetRequiredService<RemoteDiscovery>());
        services.TryAddSingleton<AggregationMetrics>();
        services.AddHostedService(static s =>
        {
            // What it shows is there as soon as somebody has made it.
            s.GetRequiredService<AggregationMetrics>();
            return s.GetRequiredService<RemoteDiscovery>();
        });
        services.TryAddSingleton<IAggregatedApis, AggregatedApis>();
        return services;
    }
}
