using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Kubelet;
using OrleansOrchestrator.Resources.Kernel;
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
            foreach (var version in row.Versions)
            {
                services.AddKeyedSingleton(version.ApiVersion, (provider, _) =>
                    ActivatorUtilities.CreateInstance<FigureApi>(provider, version));
                services.AddSingleton<IOwnApi>(provider => Find(provider, version));
                services.AddSingleton<IEndpointHandler>(provider => new FigureHandler(Find(provider, version)));
            }

            services.AddSingleton(provider =>
            {
                var api = Find(provider, row.Stored);
                return new OptionalKinds([row], () => api.IsServed);
            });
        }

        return services;
    }

    private static FigureApi Find(IServiceProvider provider, ResourceDefinition version) =>
        provider.GetRequiredKeyedService<FigureApi>(version.ApiVersion);
}
