using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansOrchestrator.Grains.Cloud.BareMetal;
using OrleansOrchestrator.Grains.Cloud.LoadBalancers;
using OrleansOrchestrator.Grains.Cloud.Nodes;
using OrleansOrchestrator.Grains.Cloud.Remote;
using OrleansOrchestrator.Grains.Cloud.Routes;
using OrleansOrchestrator.Grains.Reconciling;

namespace OrleansOrchestrator.Grains.Cloud;

/// <summary>A cloud for a silo; the same for all silos of a cluster.</summary>
public static class CloudServices
{
    /// <summary>Load balancers by addresses of pools, without a cloud.</summary>
    public static IServiceCollection AddBareMetal(
        this IServiceCollection services, IEnumerable<AddressPool> pools)
    {
        foreach (var pool in pools)
        {
            services.AddSingleton(pool);
        }

        return services.AddCloud(s => new BareMetalProvider(s.GetRequiredService<IGrainFactory>()));
    }

    /// <summary>A cloud whose provider is a program of others.</summary>
    public static IServiceCollection AddRemoteCloud(this IServiceCollection services, RemoteCloudOptions options) =>
        services.AddCloud(s => new RemoteCloud(
            options, s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<RemoteCloud>>()));

    /// <summary>A cloud, and the controllers for what it has.</summary>
    public static IServiceCollection AddCloud(
        this IServiceCollection services, Func<IServiceProvider, ICloudProvider> create)
    {
        services.AddSingleton(create);
        return services
            .AddCloudController(
                ServiceLoadBalancerController.Name,
                c => c.LoadBalancers,
                (balancers, s) => new ServiceLoadBalancerController(balancers, s))
            .AddCloudController(
                CloudNodeController.Name, c => c.Instances, (instances, s) => new CloudNodeController(instances, s))
            .AddCloudController(
                CloudNodeLifecycleController.Name,
                c => c.Instances,
                (instances, s) => new CloudNodeLifecycleController(instances, s))
            .AddCloudController(
                RouteController.Name, c => c.Routes, (routes, s) => new RouteController(routes, s));
    }

    private static IServiceCollection AddCloudController<T>(
        this IServiceCollection services,
        string name,
        Func<ICloudProvider, T?> part,
        Func<T, ReconcilingServices, IController> create)
        where T : class => services.AddSingleton(new ControllerRegistration(
            name,
            s => new CloudPartController<T>(
                s.GetRequiredService<ICloudProvider>(), part,
                found => create(found, s.GetRequiredService<ReconcilingServices>()))));
}
