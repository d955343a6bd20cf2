-- The kernel's tables. Names compare by bytes (COLLATE "C"), so continue tokens mean the same here and in memory.
create schema store;
create schema kube;

-- One row per resource, rewritten by every batch: room on its page keeps those updates off the index.
create table store.journals
(
    resource        text collate "C" primary key,
    epoch           bigint  not null default 0,
    revision        bigint  not null default 1,
    -- The change log holds every change after this revision.
    oldest_revision bigint  not null default 1,
    -- The last holder of the epoch has stopped: the next one need not wait for its lease.
    released        boolean not null default true
) with (fillfactor = 10);

-- Bodies stay inline up to a page: an object of usual size costs one tuple, without a second table and its index.
create table store.objects
(
    resource  text collate "C" not null,
    namespace text collate "C" not null,
    name      text collate "C" not null,
    revision  bigint           not null,
    uid       text collate "C" not null,
    body      bytea            not null,
    primary key (resource, namespace, name)
) with (fillfactor = 70, toast_tuple_target = 8160);

-- The change log. Segments follow each other in time; retention drops whole segments and never deletes rows.
create table store.changes
(
    segment           integer          not null,
    resource          text collate "C" not null,
    revision          bigint           not null,
    previous_revision bigint           not null,
    kind              smallint         not null,
    namespace         text collate "C" not null,
    name              text collate "C" not null,
    uid               text collate "C" not null,
    committed_at      timestamptz      not null default now(),
    body              bytea            not null,
    primary key (resource, revision, segment)
) partition by list (segment);

-- Batches go to the newest segment. started_total is the sum of all journals' revisions when it began, so that the
-- number of changes in and after a segment is known without counting rows.
create table store.segments
(
    segment       integer primary key,
    started_at    timestamptz not null default now(),
    started_total bigint      not null
);

do $$
begin
    alter table store.objects alter column body set compression lz4;
    alter table store.changes alter column body set compression lz4;
exception
    -- A server built without lz4 compresses with its default.
    when feature_not_supported then null;
end
$$;

create function store.add_segment(next_segment integer) returns void
    language plpgsql as
$$
begin
    -- Attaching needs a weaker lock on the log than creating a partition in place: writers go on meanwhile.
    execute format('create table store.changes_%s (like store.changes including all) with (toast_tuple_target = 8160)', next_segment);
    execute format('alter table store.changes attach partition store.changes_%s for values in (%s)', next_segment, next_segment);
    insert into store.segments (segment, started_total)
    values (next_segment, (select coalesce(sum(revision), 0) from store.journals));
end
$$;

select store.add_segment(1);

-- Begins a new segment when the newest has had its share of time or changes, and drops segments past retention. Returns
-- how many were dropped. Only one session does this at a time; others return null at once.
create function store.maintain_changes(retention interval, retention_changes bigint, segments_per_retention integer) returns integer
    language plpgsql as
$$
declare
    total   bigint;
    newest  store.segments;
    old     record;
    dropped integer := 0;
begin
    if not pg_try_advisory_xact_lock(hashtext('store.maintain_changes')) then
        return null;
    end if;

    -- Dropping needs the log for itself for an instant: give up and try again later rather than make writers queue
    -- behind us.
    perform set_config('lock_timeout', '1s', true);
    select coalesce(sum(revision), 0) into total from store.journals;
    select * into newest from store.segments order by segment desc limit 1;
    if total - newest.started_total >= greatest(retention_changes / segments_per_retention, 1)
        or (total > newest.started_total and newest.started_at < now() - retention / segments_per_retention) then
        perform store.add_segment(newest.segment + 1);
    end if;

    for old in
        select s.segment
        from (select segment,
                     lead(started_at) over (order by segment)    as ended_at,
                     lead(started_total) over (order by segment) as ended_total
              from store.segments) s
        where s.ended_at < now() - retention or total - s.ended_total >= retention_changes
        order by s.segment
    loop
        execute format('alter table store.changes detach partition store.changes_%s', old.segment);
        execute format(
            'update store.journals j set oldest_revision = greatest(oldest_revision, d.revision) '
            'from (select resource, max(revision) as revision from store.changes_%s group by resource) d '
            'where j.resource = d.resource', old.segment);
        execute format('drop table store.changes_%s', old.segment);
        delete from store.segments where segment = old.segment;
        dropped := dropped + 1;
    end loop;

    return dropped;
end
$$;

-- PostgreSQL's jsonb has no U+0000, which JSON strings may contain.
create function store.as_json(body bytea) returns jsonb
    language sql immutable parallel safe as
$$ select replace(convert_from(body, 'UTF8'), '\u0000', '\ufffd')::jsonb $$;

-- kube.pods and so on. A plural that two groups share gets the group as a suffix in all but the first.
create function store.add_view(added_resource text) returns void
    language plpgsql as
$$
declare
    api_group text := case when position('/' in added_resource) > 0 then split_part(added_resource, '/', 1) else '' end;
    plural    text := case when api_group = '' then added_resource else split_part(added_resource, '/', 2) end;
    view_name text := plural;
begin
    if to_regclass(format('kube.%I', view_name)) is not null then
        view_name := plural || '_' || replace(api_group, '.', '_');
    end if;

    execute format(
        'create or replace view kube.%I as '
        'select o.namespace, o.name, o.uid, o.revision, '
        '(j.object #>> ''{metadata,creationTimestamp}'')::timestamptz as created, '
        'j.object #> ''{metadata,labels}'' as labels, j.object -> ''spec'' as spec, j.object -> ''status'' as status, j.object '
        'from store.objects o cross join lateral (select store.as_json(o.body) as object offset 0) j '
        'where o.resource = %L', view_name, added_resource);
end
$$;

-- Every version of an object, with its time.
create view kube.changes as
select resource,
       revision,
       (array ['Added', 'Modified', 'Deleted'])[kind + 1] as kind,
       namespace,
       name,
       uid,
       committed_at,
       store.as_json(body)                                as object
from store.changes;
