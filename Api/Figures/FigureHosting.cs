using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Resources.Metrics;

namespace OrleansOrchestrator.Api.Figures;

/// <summary>Wires figures that pods tell into a host.</summary>
public static class FigureHosting
{
    /// <summary>Registers everything in this folder; needs resource metrics, and the connections to pods.</summary>
    public static IServiceCollection AddPodFigures(this IServiceCollection services)
    {
        services.AddOptions<FigureOptions>();
        services.TryAddSingleton(static _ => new ProxyConnections());
        services.AddSingleton<PodScraper>();
        services.AddSingleton<ScrapeBook>();
        services.AddSingleton<FigureReader>();
        foreach (var row in FigureResources.Rows)
        {
            var key = row.Stored.ApiVersion;
            services.AddKeyedSingleton(key, (provider, _) =>
                ActivatorUtilities.CreateInstance<FigureApi>(provider, row.Stored));
            services.AddSingleton<IOwnApi>(provider => provider.GetRequiredKeyedService<FigureApi>(key));
            services.AddSingleton<IEndpointHandler>(
                provider => new FigureHandler(provider.GetRequiredKeyedService<FigureApi>(key)));
            services.AddSingleton(provider =>
            {
                var api = provider.GetRequiredKeyedService<FigureApi>(key);
                return new OptionalKinds([row], () => api.IsServed);
            });
        }

        return services;
    }
}
