using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>Connections for the journal store, tuned for its few statements.</summary>
public static class PostgresDataSources
{
    /// <summary>Key of the journals' data source among a silo's services.</summary>
    public const string Journals = "journals";

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

    /// <summary>The data source of <see cref="PostgresJournalStore"/>.</summary>
    public static NpgsqlDataSource ForJournals(string connectionString)
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
        settings.Options = settings.Options is { Length: > 0 } own ? $"{own} {SessionOptions}" : SessionOptions;
        return Build(settings);
    }

    /// <summary>The connection string with which Orleans finds its tables.</summary>
    public static string ForOrleans(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        ApplicationName = "orchestrator-orleans",
        SearchPath = "orleans",
    }.ConnectionString;

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
