using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Audit;

namespace OrleansOrchestrator.Grains.Audit;

/// <summary>Wires the store of audit events into a silo.</summary>
public static class AuditStoreHosting
{
    /// <summary>Keeps events in the database of the journals.</summary>
    public static IServiceCollection AddAuditStore(this IServiceCollection services, AuditRetention retention) =>
        services.AddSingleton<IAuditStore>(provider => new PostgresAuditStore(
            provider.GetRequiredKeyedService<NpgsqlDataSource>(PostgresDataSources.Logs), retention));
}
