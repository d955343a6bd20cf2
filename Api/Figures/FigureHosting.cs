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
        foreach (var group in (string[])[FigureResources.Custom, FigureResources.External])
        {
            services.AddKeyedSingleton(group, static (provider, key) =>
                ActivatorUtilities.CreateInstance<FigureApi>(provider, (string)key!));
            services.AddSingleton<IOwnApi>(provider => provider.GetRequiredKeyedService<FigureApi>(group));
            services.AddSingleton<IEndpointHandler>(
                provider => new FigureHandler(provider.GetRequiredKeyedService<FigureApi>(group)));
            services.AddSingleton(provider =>
            {
                var api = provider.GetRequiredKeyedService<FigureApi>(group);
                return new OptionalKinds([FigureResources.RowOf(group)], () => api.IsServed);
            });
        }

        return services;
    }
}
