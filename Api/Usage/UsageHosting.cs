using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Usage;

/// <summary>Wires resource metrics into a host.</summary>
public static class UsageHosting
{
    /// <summary>Registers everything in this folder; needs the connections to nodes.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="asksNodes">False where nobody asks nodes: the group is not served then.</param>
    public static IServiceCollection AddResourceMetrics(this IServiceCollection services, bool asksNodes = true)
    {
        services.AddOptions<UsageOptions>();
        services.AddSingleton<UsageStore>();
        services.AddSingleton<IResourceMetrics>(static s => s.GetRequiredService<UsageStore>());
        services.AddSingleton(static s =>
        {
            var metrics = s.GetRequiredService<IResourceMetrics>();
            return new OptionalKinds(MetricsResources.Rows, () => metrics.IsAvailable);
        });
        services.AddSingleton<IEndpointHandler, UsageHandler>();
        services.AddSingleton<IUsageSource, UsageScraper>();
        if (asksNodes)
        {
            services.AddHostedService<UsageFollower>();
        }

        return services;
    }
}
