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
    /// <param name="services">The host's.</param>
    /// <param name="retention">How long, and how much; the usual where nothing is said.</param>
    public static IServiceCollection AddUsageHistory(
        this IServiceCollection services, UsageRetention? retention = null)
    {
        services.AddSingleton<IUsageStore>(s =>
            s.GetKeyedService<NpgsqlDataSource>(PostgresDataSources.Journals) is { } source
                ? new PostgresUsageStore(source, s.GetRequiredService<ILogger<PostgresUsageStore>>())
                {
                    Retention = retention ?? new UsageRetention(),
                }
                : new MemoryUsageStore());
        services.AddSingleton<IUsageHistory>(static s => s.GetRequiredService<IUsageStore>());
        return services;
    }
}
