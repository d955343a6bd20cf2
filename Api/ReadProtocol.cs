using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Api.Diagnostics;
using OrleansOrchestrator.Api.Discovery;
using OrleansOrchestrator.Api.Health;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.StateMetrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.OpenApi;
using OrleansOrchestrator.Api.Watch;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Api;

/// <summary>
/// Registers what answers reads: lists, watches, discovery, OpenAPI, health, metrics and the forms of answers.
/// </summary>
public static class ReadProtocol
{
    public static IServiceCollection AddReadProtocol(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.TryAddSingleton<ApiMetrics>();
        services.TryAddSingleton<SnapshotShelf>();
        services.TryAddSingleton(new ProtobufShelf());
        services.TryAddSingleton<LongWorkTurns>(static _ => new LongWorkTurns());
        services.TryAddSingleton<ListResolver>();
        services.TryAddSingleton<ListResponder>();
        services.TryAddSingleton<WatchHandler>();
        services.TryAddSingleton<IWatchHandler>(s => s.GetRequiredService<WatchHandler>());
        services.TryAddSingleton<IListHandler, ListHandler>();
        services.TryAddSingleton<IObjectResponder, ObjectResponder>();
        services.TryAddSingleton<MetricCollector>();
        services.TryAddSingleton<TlsHandshakeErrors>();
        services.TryAddSingleton<StoreSizeGauge>();
        services.AddSingleton<IHealthProbe>(s => new HealthProbe(
            ComponentStatuses.StoreProbe, HealthScope.Ready, cancellationToken => CheckStoreAsync(s.GetRequiredService<ResourceCaches>(), cancellationToken)));
        services.TryAddSingleton<StoreRoom>();
        services.AddSingleton(static s => s.GetRequiredService<StoreRoom>().Probe());
        services.AddEndpoint<DiscoveryHandler>();
        services.TryAddSingleton<HealthChecker>();
        services.TryAddSingleton<HealthMetrics>();
        services.AddSingleton<IObjectSource, ComponentStatuses>();
        services.AddEndpoint<HealthHandler>();
        services.AddEndpoint<VersionHandler>();
        services.AddEndpoint<MetricsHandler>();
        services.AddEndpoint<StateMetricsHandler>();
        services.AddEndpoint<IndexHandler>();
        services.TryAddSingleton(ServerFlags.None);
        services.AddEndpoint<DiagnosticsHandler>();
        services.AddEndpoint<OpenApiHandler>();
        services.AddEndpoint<FacadeHandler>();
        services.AddOpenApi(FacadeDocument.Name, static o => o.AddDocumentTransformer<FacadeDocument>());
        return services;
    }

    /// <summary>
    /// Content when a consistent read succeeds: the store, a journal and this silo's cache all do their part.
    /// </summary>
    private static async ValueTask<string?> CheckStoreAsync(ResourceCaches caches, CancellationToken cancellationToken)
    {
        var cache = await caches.GetAsync(WellKnown.Namespaces, cancellationToken);
        await cache.ConsistentAsync(cancellationToken);
        return null;
    }

    private static void AddEndpoint<T>(this IServiceCollection services)
        where T : class, IEndpointHandler
    {
        services.TryAddSingleton<T>();
        services.AddSingleton<IEndpointHandler>(s => s.GetRequiredService<T>());
    }
}
