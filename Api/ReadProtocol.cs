using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Lists;
using OrleansOrchestrator.Api.Metrics;
using OrleansOrchestrator.Api.Negotiation;
using OrleansOrchestrator.Api.Pipeline;
using OrleansOrchestrator.Api.Watch;

namespace OrleansOrchestrator.Api;

/// <summary>Registers what answers reads: lists, watches, discovery, OpenAPI, health, metrics and the forms of answers.</summary>
public static class ReadProtocol
{
    public static IServiceCollection AddReadProtocol(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ApiMetrics>();
        services.TryAddSingleton<SnapshotShelf>();
        services.TryAddSingleton<ListResolver>();
        services.TryAddSingleton<WatchHandler>();
        services.TryAddSingleton<IWatchHandler>(s => s.GetRequiredService<WatchHandler>());
        services.TryAddSingleton<IListHandler, ListHandler>();
        services.TryAddSingleton<IObjectResponder, ObjectResponder>();
        return services;
    }
}
