namespace OrleansOrchestrator.Grains.Logs;

/// <summary>Statements of <see cref="PostgresLogStore"/>.</summary>
internal static class PostgresLogSql
{
    public const string StreamColumns =
        "id, namespace, pod, uid, container, restart, node, labels, workload_kind, workload, file, file_offset, " +
        "sequence";

    public const string OpenStream =
        $"""
        with added as (
            insert into logs.streams (namespace, pod, uid, container, restart, node, labels, workload_kind, workload)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            on conflict (uid, container, restart) do update
            set node = excluded.node, labels = excluded.labels where streams.node = '' and excluded.node <> ''
            returning {StreamColumns})
        select {StreamColumns} from added
        union all
        select {StreamColumns} from logs.streams
        where uid = $3 and container = $4 and restart = $5 and not exists (select from added)
        """;

    public const string FindStream =
        $"select {StreamColumns} from logs.streams where uid = $1 and container = $2 and restart = $3";

    public const string ReadStreams = $"select {StreamColumns} from logs.streams where id = any ($1)";

    public const string FindStreams =
        $"""
        select {StreamColumns} from logs.streams
        where ($1 = '' or namespace = $1) and ($2 = '' or pod = $2) and ($3 = '' or container = $3)
            and ($4 = '' or node = $4) and ($5 = '' or workload_kind = $5) and ($6 = '' or workload = $6)
            and ($7 = 0 or id = $7)
        order by id desc
        """;

    public const string Append =
        "select logs.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

    /// <summary>The order of words is that of the array; a block is cut out where the column is stored.</summary>
    public const string ListSegments =
        """
        select s.id, s.first_time, s.last_time, s.raw_bytes, (
            select string_agg(substring(s.words from 1 + 64 * ((w.place * s.word_blocks) >> 32)::int for 64),
                ''::bytea order by w.number)
            from unnest($6) with ordinality as w(place, number))
        from logs.segments s
        where s.retired_at is null and (cardinality($1) = 0 or s.namespace = any ($1))
            and ($9::boolean is null or (s.namespace like '%/events') = $9) and s.last_time >= $2 and s.first_time <= $3
            and s.severity >= $4 and ($5::bigint[] is null or s.streams && $5)
            and ($8::bigint is null or (s.id > $8 and s.tier <= 0))
        order by
        """;

    public const string NewestFirst = " s.last_time desc, s.id desc limit $7";

    public const string OldestFirst = " s.first_time, s.id limit $7";

    public const string ReadSegments = "select id, body from logs.segments where id = any ($1)";

    public const string NewestSegment = "select coalesce(max(id), 0) from logs.segments";

    /// <summary>Segments of one tier and namespace that are worth merging, in the order of time.</summary>
    public const string FindMergeable =
        """
        select namespace, array_agg(id order by last_time, id), array_agg(raw_bytes order by last_time, id)
        from (
            select namespace, id, last_time, raw_bytes from logs.segments
            where retired_at is null and tier = $1 order by last_time limit $2) s
        group by namespace
        having count(*) >= $3
        """;

    public const string Retire =
        "update logs.segments set retired_at = now() where id = any ($1) and retired_at is null";

    public const string DropRetired = "delete from logs.segments where retired_at < now() - $1";

    public const string DropOld = "delete from logs.segments where last_time < $1";

    /// <summary>
    /// Segments above so many bytes: the oldest of the namespaces that have the most, so that who writes without end
    /// takes away from nobody but himself. What has been retired counts until it is gone.
    /// </summary>
    public const string DropAbove =
        """
        delete from logs.segments where id in (
            select id from (
                select id, sum(stored_bytes) over (order by is_current desc, share, last_time desc, id) as above
                from (
                    select id, stored_bytes, last_time, retired_at is null as is_current, sum(stored_bytes) over (
                        partition by namespace order by retired_at is null desc, last_time desc, id) as share
                    from logs.segments) n) s
            where above > $1)
        """;

    public const string StoredBytes = "select coalesce(sum(stored_bytes), 0)::bigint from logs.segments";

    public const string DropStreams = "delete from logs.streams where moved_at < now() - $1";
}
