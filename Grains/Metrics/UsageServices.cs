using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Metrics;

namespace OrleansOrchestrator.Grains.Metrics;

/// <summary>Wiring for hosts.</summary>
public static class UsageServices
{
    /// <summary>
    /// Collects what the nodes tell, and keeps it: in the journals' database, where there is one. Needs an <see
    /// cref="IUsageSource"/>.
    /// </summary>
    public static IServiceCollection AddUsageHistory(this IServiceCollection services)
    {
        services.AddSingleton<IUsageStore>(static s =>
            s.GetKeyedService<NpgsqlDataSource>(PostgresDataSources.Journals) is { } source
                ? new PostgresUsageStore(source, s.GetRequiredService<ILogger<PostgresUsageStore>>())
                : new MemoryUsageStore());
        services.AddSingleton<IUsageHistory>(static s => s.GetRequiredService<IUsageStore>());
        return services;
    }
}
