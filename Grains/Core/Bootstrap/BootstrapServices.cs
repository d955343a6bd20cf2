using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using OrleansOrchestrator.Resources.Core.Services;

namespace OrleansOrchestrator.Grains.Core.Bootstrap;

/// <summary>Wiring for hosts.</summary>
public static class BootstrapServices
{
    /// <summary>
    /// Keeps system namespaces and <c>default/kubernetes</c> in being. Needs an <c>IResourceClient</c>. A host that
    /// wants another service range registers a <see cref="ServiceAddressRange"/> before this and before the API.
    /// </summary>
    public static IServiceCollection AddClusterBootstrap(
        this IServiceCollection services, Action<BootstrapOptions>? configure = null)
    {
        services.TryAddSingleton(ServiceAddressRange.Default);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<BootstrapOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.TryAddSingleton<IApiServerRegistry, OwnApiServer>();
        services.TryAddSingleton<ClusterBootstrap>();
        return services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<ClusterBootstrap>());
    }
}
