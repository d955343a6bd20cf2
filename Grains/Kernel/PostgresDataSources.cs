using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Connections for the journal store, tuned for its few statements.</summary>
public static class PostgresDataSources
{
    /// <summary>Key of the journals' data source among a silo's services.</summary>
    public const string Journals = "journals";

    /// <summary>Key of the data source of logs.</summary>
    public const string Logs = "logs";

    /// <summary>
    /// Every statement is a look-up or a range by primary key, and must stay one whatever the statistics say: a plan
    /// made while a table was empty would scan it when it is full. Generic plans, because planning costs more than
    /// running these.
    /// </summary>
    private const string SessionOptions =
        "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off -c enable_seqscan=off -c jit=off";

    /// <summary>Above any number of statements that the store has.</summary>
    private const int MaxPreparedStatements = 50;

    /// <summary>A statement without an answer for this long counts as lost.</summary>
    private const int CommandTimeoutSeconds = 15;

    /// <summary>A search gives up before; dropping a day of logs may take as long.</summary>
    private const int LogTimeoutSeconds = 60;

    /// <summary>Who waits longer asks anew.</summary>
    private const int PulseTimeoutSeconds = 5;

    /// <summary>The data source of <see cref="PostgresJournalStore"/>, with a bound of its own.</summary>
    public static NpgsqlDataSource ForJournals(string connectionString, StoreConnections? connections = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "orchestrator-journals",
            MaxAutoPrepare = MaxPreparedStatements,
            AutoPrepareMinUsages = 2,
            CommandTimeout = CommandTimeoutSeconds,
            // The pool's state is the session options above; there is nothing to reset between uses.
            NoResetOnClose = true,
            Enlist = false,
        };
        Bound(settings, (connections ?? StoreConnections.Default).Journals);
        settings.Options = settings.Options is { Length: > 0 } own ? $"{own} {SessionOptions}" : SessionOptions;
        return Build(settings);
    }

    /// <summary>
    /// The connection string with which Orleans finds its tables: one text, and so one pool, for all of its providers.
    /// </summary>
    public static string ForOrleans(string connectionString, StoreConnections? connections = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "orchestrator-orleans",
            SearchPath = "orleans",
        };
        Bound(settings, (connections ?? StoreConnections.Default).Orleans);
        return settings.ConnectionString;
    }

    /// <summary>The data source of the store of logs.</summary>
    public static NpgsqlDataSource ForLogs(string connectionString, StoreConnections? connections = null)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "orchestrator-logs",
            MaxAutoPrepare = MaxPreparedStatements,
            AutoPrepareMinUsages = 2,
            CommandTimeout = LogTimeoutSeconds,
            Enlist = false,
        };
        Bound(settings, (connections ?? StoreConnections.Default).Logs);
        return Build(settings);
    }

    /// <summary>
    /// The connection string of <see cref="SiloPulseTable"/>: one connection, none of whose commits waits for a disk.
    /// </summary>
    public static string ForPulses(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "orchestrator-pulses",
            Pooling = false,
            Timeout = PulseTimeoutSeconds,
            CommandTimeout = PulseTimeoutSeconds,
            Enlist = false,
        };
        settings.Options = $"{settings.Options} -c synchronous_commit=off".TrimStart();
        return settings.ConnectionString;
    }

    /// <summary>For what is asked once: no pool keeps the connection.</summary>
    public static NpgsqlDataSource ForOnce(string connectionString) => NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false });

    private static void Bound(NpgsqlConnectionStringBuilder settings, int connections)
    {
        settings.MaxPoolSize = connections;
        settings.MinPoolSize = Math.Min(settings.MinPoolSize, connections);
    }

    private static NpgsqlDataSource Build(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.Host?.Contains(',', StringComparison.Ordinal) == true && settings.TargetSessionAttributes is null)
        {
            // Of several hosts only the one that takes writes will do.
            settings.TargetSessionAttributes = "primary";
        }

        return new NpgsqlDataSourceBuilder(settings.ConnectionString).Build();
    }
}
