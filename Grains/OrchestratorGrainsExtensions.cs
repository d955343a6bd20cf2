using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.GrainDirectory;
using Orleans.Serialization;
using Orleans.Storage;
using OrleansOrchestrator.Grains.Core.Bootstrap;
using OrleansOrchestrator.Grains.Core.ResourceQuotas;
using OrleansOrchestrator.Grains.Encryption;
using OrleansOrchestrator.Grains.Kernel;
using OrleansOrchestrator.Grains.Logs;
using OrleansOrchestrator.Grains.Security;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains;

/// <summary>How a silo keeps its journals.</summary>
public sealed class OrchestratorStoreOptions
{
    /// <summary>
    /// PostgreSQL's connection string; null keeps everything in memory, for tests and throw-away clusters.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// A store to use instead: silos of one process that keep everything in memory share a <see
    /// cref="MemoryJournalStore"/>.
    /// </summary>
    public IJournalStore? Store { get; set; }

    /// <summary>What PostgreSQL holds encrypted; null for nothing.</summary>
    public EncryptionConfiguration? Encryption { get; set; }

    /// <summary>How much of the change log PostgreSQL keeps.</summary>
    public ChangeRetention Retention { get; set; } = ChangeRetention.Default;

    public JournalOptions Journals { get; } = new();

    /// <summary>How long logs of containers are kept; null keeps none.</summary>
    public LogStoreOptions? Logs { get; set; } = new();

    /// <summary>How long keys sign tokens of service accounts.</summary>
    public TokenKeyOptions TokenKeys { get; set; } = new();

    /// <summary>How many connections to PostgreSQL the silo may hold.</summary>
    public StoreConnections Connections { get; set; } = StoreConnections.Default;

    /// <summary>
    /// False leaves membership to the caller (development and test clusters). Without a connection string it always is
    /// the caller's.
    /// </summary>
    public bool UseMembership { get; set; } = true;
}

/// <summary>Registration of the kernel in a silo.</summary>
public static class OrchestratorGrainsExtensions
{
    private const string Invariant = "Npgsql";

    /// <summary>Grains of which a silo remembers where they are; of others it asks.</summary>
    private const int MaxKnownGrains = 65_536;

    /// <summary>
    /// Adds the journal store, the storage of object grains, and Orleans' grain storage and reminders; with PostgreSQL
    /// everything is kept in the same database, membership too. With a connection string, run <see
    /// cref="StoreMigrations.ApplyAsync"/> before the silo starts.
    /// </summary>
    public static ISiloBuilder AddOrchestratorGrains(this ISiloBuilder silo, Action<OrchestratorStoreOptions> configure)
    {
        var options = new OrchestratorStoreOptions();
        configure(options);
        silo.Services.TryAddSingleton(TimeProvider.System);
        silo.Services.TryAddSingleton<StoreOutage>();
        silo.Services.AddSingleton(options.Journals);
        silo.Services.AddSingleton(options.TokenKeys);
        silo.Services.AddSingleton<ObjectGrainServices>();
        silo.Services.TryAddSingleton<LocalRevisions>();
        silo.Services.AddSingleton<JournalShutdown>();
        silo.Services.AddSingleton<IQuotaBooksFactory, QuotaBooksFactory>();
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
            static services => services.GetRequiredService<JournalShutdown>());
        silo.Services.AddKeyedSingleton<IGrainStorage>(
            JournalGrainStorage.Name, static (services, _) => ActivatorUtilities.CreateInstance<JournalGrainStorage>(services));
        silo.Services.AddSingleton<SiloWatch>();
        silo.Services.AddOptions<SiloConnectionOptions>()
            .Configure<SiloWatch>(static (o, watch) =>
                o.ConfigureSiloOutboundConnection(connection => connection.Use(watch.Follow)));
        silo.Tune();
        if (options.ConnectionString is { } connectionString)
        {
            silo.AddPostgres(connectionString, options);
        }
        else
        {
            silo.AddMemory(options.Store ?? new MemoryJournalStore());
        }

        return silo;
    }

    /// <summary>Orleans' own figures, fitted to what grains are here.</summary>
    private static void Tune(this ISiloBuilder silo)
    {
        // Orleans' default, a million, is a table of 20 MB whose pages a few thousand objects touch all.
        silo.Configure<GrainDirectoryOptions>(static o => o.CacheSize = MaxKnownGrains);
        silo.Configure<ClusterMembershipOptions>(static o =>
        {
            // A silo whose process ended is found by SiloWatch at once, one that hangs or whose machine is gone by
            // SiloPulse. Orleans' own probes are for what those leave open, a silo that some hear and others do not,
            // and take the time for it.
            o.ProbeTimeout = TimeSpan.FromSeconds(2);
            o.NumMissedProbesLimit = 5;
            o.NumVotesForDeathDeclaration = 1;
        });
        silo.Configure<GrainCollectionOptions>(static o =>
        {
            // An object grain holds nothing that cannot be had again, at some 2 KB each.
            o.CollectionAge = TimeSpan.FromMinutes(3);
            o.CollectionQuantum = TimeSpan.FromSeconds(30);
        });
    }

    private static void AddMemory(this ISiloBuilder silo, IJournalStore store)
    {
        silo.Services.AddSingleton(store);
        if (store is IDeletionLog deletions)
        {
            silo.Services.AddSingleton(deletions);
        }

        silo.Services.AddSingleton<IClusterIdentityStore, MemoryClusterIdentityStore>();
        silo.Services.AddSingleton<ITokenKeyStore, MemoryTokenKeyStore>();
        silo.AddMemoryGrainStorageAsDefault();
        silo.UseInMemoryReminderService();
    }

    private static void AddPostgres(this ISiloBuilder silo, string connectionString, OrchestratorStoreOptions options)
    {
        // Orleans' own providers let the driver's exceptions through, which then have to get to another silo.
        silo.Services.Configure<ExceptionSerializationOptions>(static o => o.SupportedNamespacePrefixes.Add(Invariant));
        silo.Services.AddSingleton(options.Retention);
        silo.Services.AddKeyedSingleton(
            PostgresDataSources.Journals,
            (_, _) => PostgresDataSources.ForJournals(connectionString, options.Connections));
        silo.Services.AddPostgresStores();
        silo.AddTls();
        silo.Services.AddJournalStore(options);
        silo.Services.AddHostedService<ChangeLogMaintenance>();
        if (options.Logs is { } logs)
        {
            silo.Services.AddLogStore(connectionString, options.Connections, logs);
        }

        silo.AddOrleansTables(connectionString, options);
    }

    private static void AddPostgresStores(this IServiceCollection services)
    {
        services.AddSingleton<StoreOutageReporter>();
        services.AddSingleton(static provider => new PostgresJournalStore(
            JournalsOf(provider), provider.GetRequiredService<StoreOutageReporter>()));
        services.AddSingleton<IDeletionLog>(static provider => new PostgresDeletionLog(JournalsOf(provider)));
        services.AddSingleton<IStoreSize>(static provider => new PostgresStoreSize(JournalsOf(provider)));
        services.AddSingleton<IGrainDirectoryResolver>(static provider => new PostgresGrainDirectory(
            JournalsOf(provider), provider.GetRequiredService<StoreOutageReporter>()));
        services.AddSingleton<IClusterIdentityStore>(static provider => new PostgresClusterIdentityStore(
            JournalsOf(provider),
            provider.GetRequiredService<Serializer>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ITokenKeyStore>(static provider => new PostgresTokenKeyStore(
            JournalsOf(provider),
            provider.GetRequiredService<IClusterIdentityStore>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IApiServerRegistry>(static provider =>
            ActivatorUtilities.CreateInstance<PostgresApiServerRegistry>(provider, JournalsOf(provider)));
    }

    private static NpgsqlDataSource JournalsOf(IServiceProvider provider) =>
        provider.GetRequiredKeyedService<NpgsqlDataSource>(PostgresDataSources.Journals);

    /// <summary>The store of journals, encrypted where that is asked for.</summary>
    private static void AddJournalStore(this IServiceCollection services, OrchestratorStoreOptions options)
    {
        services.AddSingleton(provider => Encrypt(
            options.Store ?? provider.GetRequiredService<PostgresJournalStore>(),
            provider.GetService<EncryptionInUse>(),
            JournalsOf(provider)));
        if (options.Encryption is { } encryption)
        {
            var inUse = new EncryptionInUse(encryption);
            services.AddSingleton(inUse);
            services.AddSingleton<IKeyChanges>(inUse);
            services.AddHostedService<KmsPolling>();
        }
    }

    /// <summary>What Orleans keeps by itself: reminders, states of grains, and the members of the cluster.</summary>
    private static void AddOrleansTables(
        this ISiloBuilder silo, string connectionString, OrchestratorStoreOptions options)
    {
        var orleans = PostgresDataSources.ForOrleans(connectionString, options.Connections);
        silo.UseAdoNetReminderService(o => (o.Invariant, o.ConnectionString) = (Invariant, orleans));
        silo.AddAdoNetGrainStorageAsDefault(builder => builder.Configure<Serializer>((o, serializer) =>
        {
            (o.Invariant, o.ConnectionString) = (Invariant, orleans);
            o.GrainStorageSerializer = new OrleansGrainStorageSerializer(serializer);
        }));
        if (options.UseMembership)
        {
            silo.Services.AddSingleton(new SiloPulseTable(PostgresDataSources.ForPulses(connectionString)));
            silo.Services.AddSingleton<SiloPulse>();
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                static services => services.GetRequiredService<SiloPulse>());
            silo.UseAdoNetClustering(o => (o.Invariant, o.ConnectionString) = (Invariant, orleans));
        }
    }

    private static IJournalStore Encrypt(
        IJournalStore store, EncryptionInUse? inUse, NpgsqlDataSource source) => inUse is null
        ? store
        : new EncryptingJournalStore(
            store,
            inUse,
            (resource, encryption, token) => StoreKeys.NoteAsync(source, resource, encryption, token));

    private static void AddTls(this ISiloBuilder silo)
    {
        silo.Services.AddSingleton<SiloCredentials>();
        silo.Services.AddSingleton<SiloTls>();
        silo.Services.AddOptions<SiloConnectionOptions>().Configure<SiloTls>(static (o, tls) =>
        {
            o.ConfigureSiloOutboundConnection(connection => connection.Use(tls.Open));
            o.ConfigureSiloInboundConnection(connection => connection.Use(tls.Accept));
        });
    }
}
