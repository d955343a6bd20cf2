using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Hosting;
using Orleans.Storage;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>How a silo keeps its journals.</summary>
public sealed class OrchestratorStoreOptions
{
    /// <summary>PostgreSQL's connection string; null keeps everything in memory, for tests and throw-away clusters.</summary>
    public string? ConnectionString { get; set; }
}

/// <summary>Registration of the kernel in a silo.</summary>
public static class OrchestratorGrainsExtensions
{
    /// <summary>
    /// Adds the journal store, the storage of object grains and, with PostgreSQL, Orleans' membership, grain storage and reminders on the
    /// same database. With a connection string, run <c>StoreMigrations.ApplyAsync</c> before the silo starts.
    /// </summary>
    public static ISiloBuilder AddOrchestratorGrains(this ISiloBuilder silo, Action<OrchestratorStoreOptions> configure)
    {
        var options = new OrchestratorStoreOptions();
        configure(options);
        silo.Services.AddSingleton(options);
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.AddSingleton<ObjectGrainServices>();
        silo.Services.AddKeyedSingleton<IGrainStorage>(
            JournalGrainStorage.Name, static (services, _) => ActivatorUtilities.CreateInstance<JournalGrainStorage>(services));
        return silo;
    }
}
