using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Api.Kernel;

namespace OrleansOrchestrator.Api.FlowControl;

/// <summary>Registration of priority and fairness.</summary>
public static class FlowHosting
{
    public static IServiceCollection AddFlowControl(this IServiceCollection services)
    {
        services.TryAddSingleton<WatchCounts>();
        services.TryAddSingleton<WorkEstimator>();
        services.TryAddSingleton<FlowController>();
        services.TryAddSingleton<RequestPhases>();
        services.TryAddSingleton<FlowMetrics>();
        services.AddHostedService(static provider => provider.GetRequiredService<FlowController>());
        services.AddSingleton<IEndpointHandler, FlowDumps>();
        return services;
    }
}
