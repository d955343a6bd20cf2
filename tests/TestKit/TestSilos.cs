using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.TestingHost;
using OrleansOrchestrator.Api.Cache;
using OrleansOrchestrator.Grains;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Silos in this process with grains and caches, talking to each other through memory. Without a connection string they
/// share a <see cref="MemoryJournalStore"/>.
/// </summary>
public sealed class TestSilos : IAsyncDisposable
{
    private readonly InProcessTestCluster _cluster;

    private TestSilos(InProcessTestCluster cluster) => _cluster = cluster;

    /// <summary>The first silo's services.</summary>
    public IServiceProvider Services => ServicesOf(0);

    /// <summary>Calls grains from the first silo.</summary>
    public IGrainFactory Grains => Services.GetRequiredService<IGrainFactory>();

    /// <summary>The first silo's caches.</summary>
    public ResourceCaches Caches => CachesOf(0);

    public IJournalStore Store => Services.GetRequiredService<IJournalStore>();

    public InProcessTestCluster Cluster => _cluster;

    /// <summary>One silo; what most tests need.</summary>
    public static Task<TestSilos> StartAsync(Action<ISiloBuilder>? configure = null) =>
        StartAsync(new TestSilosOptions { Configure = configure });

    public static async Task<TestSilos> StartAsync(TestSilosOptions options)
    {
        var store = options.Store ?? (options.ConnectionString is null ? new MemoryJournalStore() : null);
        var builder = new InProcessTestClusterBuilder((short)options.Silos);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddLogging(static logging => logging.ClearProviders());
            silo.AddOrchestratorGrains(o =>
            {
                o.ConnectionString = options.ConnectionString;
                o.Store = store;
                o.UseMembership = false;
                options.ConfigureStore?.Invoke(o);
            });
            silo.Services.TryAddSingleton(BuiltInResources.Table);
            silo.Services.AddResourceCaches(options.ConfigureCaches);
            options.Configure?.Invoke(silo);
        });
        var cluster = builder.Build();
        await cluster.DeployAsync();
        return new TestSilos(cluster);
    }

    public IServiceProvider ServicesOf(int silo) => _cluster.Silos[silo].ServiceProvider;

    public ResourceCaches CachesOf(int silo) => ServicesOf(silo).GetRequiredService<ResourceCaches>();

    public IObjectGrain ObjectGrain(ResourceName resource, ObjectKey key, int silo = 0) =>
        ServicesOf(silo).GetRequiredService<IGrainFactory>().GetGrain<IObjectGrain>(
            GrainId.Create("object", new ObjectAddress(resource, key).ToString()));

    public IJournalGrain Journal(ResourceName resource, int silo = 0) =>
        ServicesOf(silo).GetRequiredService<IGrainFactory>().GetGrain<IJournalGrain>(resource.ToString());

    public async ValueTask DisposeAsync() => await _cluster.DisposeAsync();
}

/// <summary>How test silos are made.</summary>
public sealed record TestSilosOptions
{
    public int Silos { get; init; } = 1;

    /// <summary>PostgreSQL instead of memory.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>A store of the test's own, shared by the silos.</summary>
    public IJournalStore? Store { get; init; }

    public Action<OrchestratorStoreOptions>? ConfigureStore { get; init; }

    public Action<CacheOptions>? ConfigureCaches { get; init; }

    /// <summary>Runs last, for each silo.</summary>
    public Action<ISiloBuilder>? Configure { get; init; }
}
