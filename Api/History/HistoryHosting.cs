using Microsoft.Extensions.DependencyInjection;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Api.History;

/// <summary>Wires the past into a host.</summary>
public static class HistoryHosting
{
    /// <summary>Registers everything in this folder; needs an <see cref="IDeletionLog"/>.</summary>
    public static IServiceCollection AddObjectHistory(this IServiceCollection services) =>
        services.AddSingleton<IEndpointHandler>(static provider => new DeletionHandler(
            provider.GetRequiredService<IDeletionLog>(), provider.GetRequiredService<TimeProvider>()));
}
