using Npgsql;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// A database that was restored from a backup is behind what its clients have seen. Before a silo uses it, all
/// revisions move on, so that none is given out twice, and whoever watches from one of the lost time is told to list
/// anew (410), as after <c>etcdutl snapshot restore --bump-revision --mark-compacted</c>.
/// </summary>
public static class RestoredStore
{
    /// <summary>More revisions than a resource gets between two backups: 10,000 a second for a day.</summary>
    public const long Leap = 1_000_000_000;

    /// <summary>True when a database holds the tables of a cluster.</summary>
    public static async Task<bool> IsThereAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("select to_regclass('store.journals') is not null");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>Leaps over the revisions that the backup does not know of; once for each restoration.</summary>
    public static async Task MoveOnAsync(string connectionString, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);

        // Segments of the change log know their number of changes by sums of revisions: these leap along.
        await using var command = source.CreateCommand(
            $"""
            with leapt as (
                update store.journals
                set epoch = epoch + 1, revision = revision + {Leap}, oldest_revision = revision + {Leap},
                    released = true
                returning 1)
            update store.segments set started_total = started_total + (select count(*) from leapt) * {Leap}
            """);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
