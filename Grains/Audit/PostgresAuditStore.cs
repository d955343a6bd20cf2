using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using OrleansOrchestrator.Interfaces.Audit;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Audit;

/// <summary>The audit in PostgreSQL: the view <c>kube.audit</c>, in segments that retention drops whole.</summary>
/// <param name="source">Connections.</param>
/// <param name="retention">How much stays.</param>
public sealed class PostgresAuditStore(NpgsqlDataSource source, AuditRetention retention) : IAuditStore
{
    /// <summary>A session may hear of a new segment's table with its next statement only.</summary>
    private const int MaxAttempts = 3;

    private const string Insert =
        """
        insert into store.audit (segment, id, at, event)
        select (select max(segment) from store.audit_segments), nextval('store.audit_id'),
               (e.event ->> 'stageTimestamp')::timestamptz, e.event
        from (select store.as_json(body) as event
              from unnest($1::bytea[]) with ordinality as b(body, place)
              order by place) e
        """;

    private const string Maintain = "select store.maintain_audit($1, $2, $3)";

    /// <inheritdoc/>
    public async Task AddAsync(IReadOnlyList<ReadOnlyMemory<byte>> events, CancellationToken cancellationToken)
    {
        byte[][] bodies = [.. events.Select(Bytes)];
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var command = source.CreateCommand(Insert);
                command.Parameters.Add(new NpgsqlParameter<byte[][]>
                {
                    TypedValue = bodies, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea,
                });
                await command.ExecuteNonQueryAsync(cancellationToken);
                return;
            }
            catch (PostgresException error)
                when (error.SqlState == PostgresErrorCodes.CheckViolation && attempt < MaxAttempts)
            {
                // Nothing was stored.
            }
            catch (NpgsqlException error)
            {
                throw new StoreUnavailableException($"PostgreSQL failed: {error.Message}");
            }
        }
    }

    /// <inheritdoc/>
    public async Task MaintainAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = source.CreateCommand(Maintain);
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = retention.Time });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = retention.Events });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = retention.Segments });
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (NpgsqlException error)
        {
            throw new StoreUnavailableException($"PostgreSQL failed: {error.Message}");
        }
    }

    private static byte[] Bytes(ReadOnlyMemory<byte> json) =>
        MemoryMarshal.TryGetArray(
            json, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
            ? segment.Array
            : json.ToArray();
}
