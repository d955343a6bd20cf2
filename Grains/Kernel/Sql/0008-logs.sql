-- The logs of all containers: streams with what is known of their pods and how far they are kept, and segments of lines.
create schema logs;

create table logs.streams
(
    id            bigint generated always as identity primary key,
    namespace     text collate "C" not null,
    pod           text collate "C" not null,
    uid           text collate "C" not null,
    container     text collate "C" not null,
    restart       integer          not null,
    node          text collate "C" not null,
    labels        jsonb            not null,
    workload_kind text collate "C" not null,
    workload      text collate "C" not null,
    -- The position of what is kept: the time of the file's first line, bytes of it, and the number of the next line.
    file          bigint           not null default 0,
    file_offset   bigint           not null default 0,
    sequence      bigint           not null default 0,
    moved_at      timestamptz      not null default now(),
    unique (uid, container, restart)
) with (fillfactor = 80);

create index streams_by_pod on logs.streams (namespace, pod);

-- Segments are never changed but for retired_at: others have taken over the lines, and searches that have begun may
-- still read them for a while. Times are nanoseconds since 1970.
create table logs.segments
(
    id           bigint generated always as identity primary key,
    namespace    text collate "C" not null,
    first_time   bigint           not null,
    last_time    bigint           not null,
    lines        integer          not null,
    raw_bytes    integer          not null,
    stored_bytes integer          not null,
    severity     smallint         not null,
    -- 0 as nodes sent it; each merging makes it one more.
    tier         smallint         not null,
    streams      bigint[]         not null,
    word_blocks  integer          not null,
    words        bytea            not null,
    body         bytea            not null,
    retired_at   timestamptz
);

-- Both are compressed or look like noise. External, so that one block of the words is read without the others.
alter table logs.segments alter column words set storage external, alter column body set storage external;

create index segments_by_time on logs.segments (last_time) where retired_at is null;
create index segments_by_namespace on logs.segments (namespace, last_time) where retired_at is null;
create index segments_by_tier on logs.segments (tier, namespace, last_time) where retired_at is null;
create index segments_retired on logs.segments (retired_at) where retired_at is not null;

-- Moves streams on and adds the segments with their lines; false when a stream is not where its run begins, and then
-- nothing is done.
create function logs.append(
    p_streams bigint[], p_sequences bigint[], p_counts integer[], p_files bigint[], p_offsets bigint[],
    p_namespaces text[], p_first_times bigint[], p_last_times bigint[], p_lines integer[], p_raw_bytes integer[],
    p_severities smallint[], p_tiers smallint[], p_words bytea[], p_bodies bytea[], p_members text[]) returns boolean
    language plpgsql as
$$
declare
    moved integer;
begin
    -- In one order, so that two who say the same wait for each other instead of forever.
    perform 1 from logs.streams where id = any (p_streams) order by id for no key update;
    select count(*) into moved
    from unnest(p_streams, p_sequences) as run(stream, sequence)
    join logs.streams s on s.id = run.stream and s.sequence = run.sequence;
    if moved <> coalesce(array_length(p_streams, 1), 0) then
        return false;
    end if;

    update logs.streams s
    set sequence = run.sequence + run.lines, file = run.file, file_offset = run.file_offset, moved_at = now()
    from unnest(p_streams, p_sequences, p_counts, p_files, p_offsets) as run(stream, sequence, lines, file, file_offset)
    where s.id = run.stream;
    insert into logs.segments
        (namespace, first_time, last_time, lines, raw_bytes, stored_bytes, severity, tier, streams, word_blocks, words, body)
    select n.namespace, n.first_time, n.last_time, n.lines, n.raw_bytes, length(n.words) + length(n.body), n.severity,
           n.tier, n.members::bigint[], length(n.words) / 64, n.words, n.body
    from unnest(p_namespaces, p_first_times, p_last_times, p_lines, p_raw_bytes, p_severities, p_tiers, p_words, p_bodies,
                p_members)
        as n(namespace, first_time, last_time, lines, raw_bytes, severity, tier, words, body, members);
    return true;
end
$$;
