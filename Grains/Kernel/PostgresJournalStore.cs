using System.Runtime.InteropServices;
using Npgsql;
using NpgsqlTypes;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>
/// The journal store in PostgreSQL. A batch is one statement and thereby one transaction. Failures are of three sorts:
/// nothing was sent (no connection) or the server answered that it refused, which is <see
/// cref="StoreUnavailableException"/>; a statement was sent and no answer came, which is <see
/// cref="UnknownOutcomeException"/> for writes. Pools recover by themselves when the server is back.
/// </summary>
public sealed class PostgresJournalStore : IJournalStore, IDisposable, IAsyncDisposable
{
    /// <summary>
    /// A session hears of a new segment's table at the latest with its next statement, when yet another may have begun.
    /// </summary>
    private const int MaxSegmentAttempts = 10;

    private readonly NpgsqlDataSource _source;
    private readonly StoreOutageReporter? _outages;

    /// <summary>A store that says nothing of outages.</summary>
    public PostgresJournalStore(NpgsqlDataSource source)
        : this(source, null)
    {
    }

    internal PostgresJournalStore(NpgsqlDataSource source, StoreOutageReporter? outages) =>
        (_source, _outages) = (source, outages);

    public void Dispose() => _source.Dispose();

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    /// <inheritdoc/>
    public Task<JournalPosition> OpenAsync(ResourceName resource, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var add = Command(connection, PostgresSql.Add, resource, IJournalStore.FirstRevision);
                await add.ExecuteNonQueryAsync(cancellationToken);
                await using var open = Command(connection, PostgresSql.Open, resource);
                await using var reader = await open.ExecuteReaderAsync(cancellationToken);
                await reader.ReadAsync(cancellationToken);
                return new JournalPosition(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2))
                {
                    Released = reader.GetBoolean(3),
                };
            },
            cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> AppendAsync(
        ResourceName resource, long epoch, IReadOnlyList<Change> changes, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        await using var command = BuildAppend(connection, resource, epoch, changes);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var appended = await command.ExecuteScalarAsync(cancellationToken) is 1L;
                _outages?.Answered();
                return appended;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.CheckViolation && attempt < MaxSegmentAttempts)
            {
                // The statement saw that a segment begins before its session had heard of the segment's table. Nothing
                // was committed.
            }
            catch (PostgresException error) when (error.Severity == "ERROR")
            {
                // The server said that the statement failed: surely nothing was committed.
                throw Refused(resource, error);
            }
            catch (Exception error) when (error is NpgsqlException or OperationCanceledException or ObjectDisposedException)
            {
                _outages?.Failed(error);
                throw new UnknownOutcomeException(
                    $"a batch of {resource} was sent to PostgreSQL, and no answer came: {Describe(error)}");
            }
        }
    }

    private static StoreUnavailableException Refused(ResourceName resource, PostgresException error)
    {
        var isFull = error.SqlState == PostgresErrorCodes.DiskFull;
        return new StoreUnavailableException(
            $"{(isFull ? StoreUnavailableException.DiskFull + ": " : "")}PostgreSQL refused a batch of {resource}: {error.MessageText}")
        {
            IsDiskFull = isFull,
        };
    }

    /// <inheritdoc/>
    public Task<bool> IsCurrentAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, PostgresSql.IsCurrent, resource, epoch);
                return await command.ExecuteScalarAsync(cancellationToken) is true;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(ResourceName resource, long epoch, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, PostgresSql.Release, resource, epoch);
                return await command.ExecuteNonQueryAsync(cancellationToken);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KeyRevision>> ReadRevisionsAsync(
        ResourceName resource, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<KeyRevision>>(
            async connection =>
            {
                var result = new List<KeyRevision>();
                var names = new NamePool();
                await using var command = Command(connection, PostgresSql.Revisions, resource);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    result.Add(new KeyRevision(names.Key(reader, 0), reader.GetInt64(2)));
                }

                return result;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<ObjectSnapshot> ReadSnapshotAsync(ResourceName resource, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                var revision = IJournalStore.FirstRevision;
                var objects = new List<ResourceObject>();
                var names = new NamePool();
                await using var command = Command(connection, PostgresSql.Snapshot, resource);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                while (await reader.ReadAsync(cancellationToken))
                {
                    revision = reader.GetInt64(0);
                    if (!reader.IsDBNull(1))
                    {
                        objects.Add(new ResourceObject(
                            names.Key(reader, 1), reader.GetString(3), reader.GetInt64(4), reader.GetFieldValue<byte[]>(5)));
                    }
                }

                return new ObjectSnapshot(revision, objects);
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<ResourceObject?> ReadObjectAsync(
        ResourceName resource, ObjectKey key, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = Command(connection, PostgresSql.Object, resource);
                Add(command, key.Namespace);
                Add(command, key.Name);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                return await reader.ReadAsync(cancellationToken)
                    ? new ResourceObject(key, reader.GetString(2), reader.GetInt64(3), reader.GetFieldValue<byte[]>(4))
                    : null;
            },
            cancellationToken);

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadChangesAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        ReadLogAsync(resource, PostgresSql.Changes, afterRevision, maxChanges, cancellationToken);

    /// <inheritdoc/>
    public Task<ChangeBatch> ReadHistoryAsync(
        ResourceName resource, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        ReadLogAsync(resource, PostgresSql.History, afterRevision, maxChanges, cancellationToken);

    /// <summary>
    /// Rotates and drops segments of the change log; returns how many were dropped, null when another silo is at it.
    /// </summary>
    public Task<int?> MaintainAsync(ChangeRetention retention, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                await using var command = new NpgsqlCommand(PostgresSql.Maintain, connection);
                Add(command, retention.Time);
                Add(command, retention.Changes);
                Add(command, retention.Segments);
                return await command.ExecuteScalarAsync(cancellationToken) as int?;
            },
            cancellationToken);

    private Task<ChangeBatch> ReadLogAsync(
        ResourceName resource, string sql, long afterRevision, int maxChanges, CancellationToken cancellationToken) =>
        RunAsync(
            async connection =>
            {
                for (var attempt = 1; attempt <= MaxSegmentAttempts; attempt++)
                {
                    await using var command = Command(connection, sql, resource, afterRevision, maxChanges);
                    await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                    var page = await ReadPageAsync(reader, cancellationToken);
                    if (page.ToBatch(afterRevision, maxChanges) is { } batch)
                    {
                        return batch;
                    }
                }

                throw new StoreUnavailableException($"the change log of {resource} is being moved on; try again");
            },
            cancellationToken);

    private static async Task<LogPage> ReadPageAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var page = new LogPage(IJournalStore.FirstRevision, IJournalStore.FirstRevision, []);
        var names = new NamePool();
        while (await reader.ReadAsync(cancellationToken))
        {
            page = page with { Revision = reader.GetInt64(0), OldestRevision = reader.GetInt64(1) };
            if (!reader.IsDBNull(2))
            {
                page.Changes.Add(ReadChange(reader, names));
            }
        }

        return page;
    }

    private static Change ReadChange(NpgsqlDataReader reader, NamePool names)
    {
        var key = names.Key(reader, 3);
        var previousRevision = reader.GetInt64(7);
        var previous = reader.FieldCount > 9 && !reader.IsDBNull(10)
            ? new ResourceObject(key, reader.GetString(9), previousRevision, reader.GetFieldValue<byte[]>(10))
            : null;
        var item = new ResourceObject(key, reader.GetString(5), reader.GetInt64(6), reader.GetFieldValue<byte[]>(8));
        return new Change(
            (ChangeKind)reader.GetInt16(2), item) { PreviousRevision = previousRevision, Previous = previous };
    }

    private static NpgsqlCommand BuildAppend(
        NpgsqlConnection connection, ResourceName resource, long epoch, IReadOnlyList<Change> changes)
    {
        var columns = new AppendColumns(changes);
        var command = Command(
            connection,
            columns.HasDeletions ? PostgresSql.AppendWithDeletions : PostgresSql.Append,
            resource,
            epoch,
            changes[0].Object.Revision - 1,
            changes.Count);
        Add(command, columns.Kinds, NpgsqlDbType.Smallint);
        Add(command, columns.Namespaces, NpgsqlDbType.Text);
        Add(command, columns.Names, NpgsqlDbType.Text);
        Add(command, columns.Uids, NpgsqlDbType.Text);
        Add(command, columns.PreviousRevisions, NpgsqlDbType.Bigint);
        Add(command, columns.Last, NpgsqlDbType.Boolean);
        Add(command, columns.Bodies, NpgsqlDbType.Bytea);
        return command;
    }

    private static NpgsqlCommand Command(
        NpgsqlConnection connection, string sql, ResourceName resource, params ReadOnlySpan<long> numbers)
    {
        var command = new NpgsqlCommand(sql, connection);
        Add(command, resource.ToString());
        foreach (var number in numbers)
        {
            Add(command, number);
        }

        return command;
    }

    private static void Add<T>(NpgsqlCommand command, T value) =>
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });

    private static void Add<T>(NpgsqlCommand command, T[] values, NpgsqlDbType element) =>
        command.Parameters.Add(
            new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element });

    /// <summary>
    /// The causes as text. The exceptions themselves stay here: ours go to callers on other silos, which cannot decode
    /// Npgsql's.
    /// </summary>
    private static string Describe(Exception error) =>
        error.InnerException is { } inner ? $"{error.Message} ({inner.Message})" : error.Message;

    private async ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _source.OpenConnectionAsync(cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            _outages?.Failed(error);
            throw new StoreUnavailableException($"PostgreSQL cannot be reached: {Describe(error)}");
        }
    }

    /// <summary>Runs a statement that may be repeated, so any failure is plain unavailability.</summary>
    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> run, CancellationToken cancellationToken)
    {
        await using var connection = await ConnectAsync(cancellationToken);
        try
        {
            var result = await run(connection);
            _outages?.Answered();
            return result;
        }
        catch (NpgsqlException error)
        {
            _outages?.Failed(error);
            throw new StoreUnavailableException($"PostgreSQL failed: {Describe(error)}");
        }
    }

    /// <summary>The changes of a batch as one array per column.</summary>
    private readonly struct AppendColumns
    {
        public AppendColumns(IReadOnlyList<Change> changes)
        {
            var count = changes.Count;
            Kinds = new short[count];
            Namespaces = new string[count];
            Names = new string[count];
            Uids = new string[count];
            PreviousRevisions = new long[count];
            Last = new bool[count];
            Bodies = new byte[count][];
            var seen = count > 1 ? new HashSet<ObjectKey>(count) : null;
            for (var i = count - 1; i >= 0; i--)
            {
                var (change, item) = (changes[i], changes[i].Object);
                Kinds[i] = (short)change.Kind;
                Namespaces[i] = item.Key.Namespace;
                Names[i] = item.Key.Name;
                Uids[i] = item.Uid;
                PreviousRevisions[i] = change.PreviousRevision;
                // Only the last change of a key in a batch shows in the objects: one statement may not touch a row
                // twice.
                Last[i] = seen is null || seen.Add(item.Key);
                Bodies[i] = Bytes(item.Json);
                HasDeletions |= change.Kind == ChangeKind.Deleted;
            }
        }

        public short[] Kinds { get; }

        public string[] Namespaces { get; }

        public string[] Names { get; }

        public string[] Uids { get; }

        public long[] PreviousRevisions { get; }

        public bool[] Last { get; }

        public byte[][] Bodies { get; }

        public bool HasDeletions { get; }

        /// <summary>The array itself when the memory is all of it, which is how the journal makes them.</summary>
        private static byte[] Bytes(ReadOnlyMemory<byte> json) =>
            MemoryMarshal.TryGetArray(
                json, out var segment) && segment.Offset == 0 && segment.Count == segment.Array!.Length
                ? segment.Array
                : json.ToArray();
    }

    /// <summary>What a read of the log found.</summary>
    private sealed record LogPage(long Revision, long OldestRevision, List<Change> Changes)
    {
        /// <summary>
        /// Null when changes are missing that the journal has: the session had not heard of a new segment's table.
        /// Revisions are dense, so that cannot go unnoticed.
        /// </summary>
        public ChangeBatch? ToBatch(long after, int max)
        {
            if (after < OldestRevision || (Changes.Count > 0 && Changes[0].Object.Revision != after + 1))
            {
                return new ChangeBatch { Changes = [], Revision = Revision, TooOld = true };
            }

            if (Changes.Count < Math.Min(max, Revision - after)
                || (Changes.Count > 0 && Changes[^1].Object.Revision != after + Changes.Count))
            {
                return null;
            }

            return new ChangeBatch { Changes = Changes, Revision = Changes.Count == 0 ? Revision : Changes[^1].Object.Revision };
        }
    }

    /// <summary>Rows of one namespace follow each other: they share its string.</summary>
    private sealed class NamePool
    {
        private string _namespace = "";

        public ObjectKey Key(NpgsqlDataReader reader, int ordinal)
        {
            var found = reader.GetString(ordinal);
            _namespace = string.Equals(found, _namespace, StringComparison.Ordinal) ? _namespace : found;
            return new ObjectKey(_namespace, reader.GetString(ordinal + 1));
        }
    }
}

/// <summary>
/// How much of the change log stays: whatever is older than the time or beyond the number goes, a segment at a time.
/// </summary>
/// <param name="Time">At least this long, unless the number is reached.</param>
/// <param name="Changes">About this many, of all resources together.</param>
public sealed record ChangeRetention(TimeSpan Time, long Changes)
{
    /// <summary>With 3 KB objects about 3 GB of log.</summary>
    public static ChangeRetention Default { get; } = new(TimeSpan.FromHours(1), 1_000_000);

    /// <summary>In how many steps the log moves on.</summary>
    public int Segments { get; init; } = 8;
}
