using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Auth;
using OrleansOrchestrator.Api.Auth.RequestHeaders;
using OrleansOrchestrator.Api.Configuration;
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
        services.TryAddSingleton(static s => new ProxyCertificate(
            s.GetRequiredService<IGrainFactory>(), s.GetService<AuthOptions>()?.ProxyClient,
            s.GetRequiredService<TimeProvider>()));
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

    /// <summary>Has the files of an operator's certificate followed; a change of one alone may be no pair.</summary>
    public static IServiceCollection FollowProxyClientFiles(this IServiceCollection services, ProxyClientFiles files)
    {
        foreach (var (path, name) in new[]
        {
            (files.CertificateFile, "proxy_client_cert"), (files.KeyFile, "proxy_client_key"),
        })
        {
            var content = File.ReadAllBytes(path);
            services.FollowFile(provider =>
            {
                var certificate = provider.GetRequiredService<ProxyCertificate>();
                return new FollowedFile(path, name, content, _ => certificate.Use(files.Read()));
            });
        }

        return services;
    }
}
