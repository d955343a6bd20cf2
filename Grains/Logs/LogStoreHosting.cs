using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Logs.Search;

namespace OrleansOrchestrator.Grains.Logs;

/// <summary>Wires the store of logs into a silo that has PostgreSQL.</summary>
public static class LogStoreHosting
{
    public static IServiceCollection AddLogStore(
        this IServiceCollection services, string connectionString, StoreConnections connections,
            LogStoreOptions options)
    {
        services.AddSingleton(options);
        services.AddKeyedSingleton(
            PostgresDataSources.Logs, (_, _) => PostgresDataSources.ForLogs(connectionString, connections));
        services.AddSingleton(static provider => new PostgresLogStore(
            provider.GetRequiredKeyedService<NpgsqlDataSource>(PostgresDataSources.Logs),
            provider.GetRequiredService<IGrainFactory>()));
        services.AddSingleton<ILogStore>(static provider => provider.GetRequiredService<PostgresLogStore>());
        services.AddSingleton<LogMaintenance>();
        services.AddTransient<EventFeed>();
        services.AddHostedService<LogKeeperStarter>();
        return services;
    }
}
