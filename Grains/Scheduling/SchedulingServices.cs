using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OrleansOrchestrator.Grains.Hollow;
using OrleansOrchestrator.Interfaces.Hollow;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>Wiring for hosts.</summary>
public static class SchedulingServices
{
    /// <summary>Runs the scheduler, and hollow nodes if any are asked for. Needs an <c>IResourceClient</c>.</summary>
    public static IServiceCollection AddOrchestratorScheduling(
        this IServiceCollection services, Action<SchedulerOptions>? scheduler = null, HollowNodeSettings? hollowNodes = null)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<SchedulerOptions>();
        services.AddOptions<HollowNodeOptions>();
        if (scheduler is not null)
        {
            services.Configure(scheduler);
        }

        if (hollowNodes is not null)
        {
            services.Configure<HollowNodeOptions>(options => options.Settings = hollowNodes);
        }

        return services.AddHostedService<SchedulingKeeper>();
    }
}
