namespace OrleansOrchestrator.Grains.Kernel;

/// <summary>The statements of <see cref="PostgresJournalStore"/>.</summary>
internal static class PostgresSql
{
    /// <summary>Parameters: resource, first revision (the columns' own defaults are an earlier release's).</summary>
    public const string Add =
        """
        insert into store.journals (resource, revision, oldest_revision) values ($1, $2, $2)
        on conflict do nothing returning store.add_view(resource)
        """;

    public const string Open =
        """
        with held as (select resource, released from store.journals where resource = $1 for update)
        update store.journals j set epoch = j.epoch + 1, released = false
        from held where j.resource = held.resource
        returning j.epoch, j.revision, j.oldest_revision, held.released
        """;

    /// <summary>
    /// One batch, all or nothing. The fence is an update of the journal's row, so it waits for any other writer of the
    /// row, and decides on what that one committed: a superseded epoch updates nothing, and with an empty fence nothing
    /// else happens. Parameters: resource, epoch, revision before, count, then one array per column.
    /// </summary>
    public const string Append = AppendHead + AppendTail;

    /// <summary>The same for a batch with deletions; most have none and are spared the look-ups.</summary>
    public const string AppendWithDeletions = AppendHead +
        """
        , removed as (
            delete from store.objects o using written w
            where w.is_last and w.kind = 2 and o.resource = w.resource and o.namespace = w.namespace and o.name = w.name
        )
        """ + AppendTail;

    public const string IsCurrent = "select exists (select 1 from store.journals where resource = $1 and epoch = $2)";

    public const string Release = "update store.journals set released = true where resource = $1 and epoch = $2";

    public const string Revisions = "select namespace, name, revision from store.objects where resource = $1";

    /// <summary>
    /// One statement is one snapshot, so the revision fits the objects; it comes with every row because it costs 8
    /// bytes.
    /// </summary>
    public const string Snapshot =
        """
        select j.revision, o.namespace, o.name, o.uid, o.revision, o.body
        from store.journals j left join store.objects o on o.resource = j.resource
        where j.resource = $1 order by o.namespace, o.name
        """;

    public const string Object =
        "select namespace, name, uid, revision, body from store.objects where resource = $1 and namespace = $2 and name = $3";

    /// <summary>
    /// Revisions are dense, so a page is a range. Without changes there is still one row with the journal's revisions.
    /// </summary>
    public const string Changes =
        """
        select j.revision, j.oldest_revision, c.kind, c.namespace, c.name, c.uid, c.revision, c.previous_revision, c.body
        from store.journals j
        left join store.changes c on c.resource = j.resource and c.revision > $2 and c.revision <= $2 + $3
        where j.resource = $1 order by c.revision
        """;

    public const string History =
        """
        select j.revision, j.oldest_revision, c.kind, c.namespace, c.name, c.uid, c.revision, c.previous_revision, c.body, p.uid, p.body
        from store.journals j
        left join store.changes c on c.resource = j.resource and c.revision > $2 and c.revision <= $2 + $3
        left join store.changes p on p.resource = c.resource and p.revision = c.previous_revision
        where j.resource = $1 order by c.revision
        """;

    public const string Maintain = "select store.maintain_changes($1, $2, $3)";

    private const string AppendHead =
        """
        with fence as (
            update store.journals set revision = $3 + $4 where resource = $1 and epoch = $2 and revision = $3 returning resource
        ), written as materialized (
            select fence.resource, $3 + w.position as revision, w.*
            from fence, unnest($5::smallint[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::boolean[], $11::bytea[])
                with ordinality as w(kind, namespace, name, uid, previous_revision, is_last, body, position)
        ), upserted as (
            insert into store.objects (resource, namespace, name, revision, uid, body)
            select resource, namespace, name, revision, uid, body from written where is_last and kind <> 2
            on conflict (resource, namespace, name) do update
                set revision = excluded.revision, uid = excluded.uid, body = excluded.body
        ), logged as (
            insert into store.changes (segment, resource, revision, previous_revision, kind, namespace, name, uid, body)
            select (select max(segment) from store.segments), resource, revision, previous_revision, kind, namespace, name, uid, body
            from written
        )
        """;

    private const string AppendTail = "\nselect count(*) from fence";
}
