-- What containers, pods and nodes used. A round, every 15 seconds, is a row for each namespace ('' for the nodes), with
-- everybody's figures side by side. When its hour is over, rounds become blocks: a row for each container, pod (container
-- '') and node, with a packed column for each figure. Blocks become coarser ones and are never changed.
create table store.metric_rounds (
    slot             bigint                  not null, -- in periods of 15 seconds since 1970
    namespace        text collate "C"        not null,
    names            text[] collate "C"      not null,
    containers       text[] collate "C"      not null,
    nodes            text[] collate "C"      not null,
    owners           text[] collate "C"      not null,
    cpu              bigint[]                not null, -- tenths of a thousandth of a core
    memory           bigint[]                not null, -- KiB
    network_received bigint[]                not null, -- bytes per second
    network_sent     bigint[]                not null,
    disk_read        bigint[]                not null,
    disk_written     bigint[]                not null,
    restarts         bigint[]                not null,
    primary key (slot, namespace)
);

create table store.metric_blocks (
    level            smallint         not null, -- 0: 15 seconds, blocks of an hour; 1: a minute, 6 hours; 2: 10 minutes, a day
    started_at       timestamptz      not null,
    namespace        text collate "C" not null,
    name             text collate "C" not null,
    container        text collate "C" not null,
    node             text collate "C" not null,
    owner            text collate "C" not null,
    cpu              bytea            not null,
    memory           bytea            not null,
    network_received bytea            not null,
    network_sent     bytea            not null,
    disk_read        bytea            not null,
    disk_written     bytea            not null,
    restarts         bytea            not null,
    primary key (level, started_at, namespace, name, container)
) with (autovacuum_vacuum_scale_factor = 0.02); -- an hour's rows are what goes at a time

-- Which blocks have been made: of these, nothing is made again.
create table store.metric_blocks_made (
    level      smallint    not null,
    started_at timestamptz not null,
    primary key (level, started_at)
);

-- Unpacks a column (Grains/Metrics/SampleCodec.cs).
create function store.metric_values(packed bytea, points int) returns bigint[]
    language plpgsql immutable parallel safe as
$$
declare
    data   bytea    := packed || ''::bytea; -- out of its row once, not at each byte
    total  int      := length(data);
    result bigint[] := array_fill(null::bigint, array [points]);
    at     int      := 0;
    i      int      := 1;
    last   bigint   := 0;
    number bigint;
    token  bigint   := null;
    shift  int;
    part   int;
begin
    while at < total and i <= points loop
        number := 0;
        shift := 0;
        loop
            part := get_byte(data, at);
            at := at + 1;
            number := number | ((part & 127)::bigint << shift);
            shift := shift + 7;
            exit when part < 128;
        end loop;

        if token is null and number < 2 then
            token := number;
        elsif token is null then
            number := number - 2;
            last := last + case when number & 1 = 0 then number >> 1 else -(number >> 1) - 1 end;
            result[i] := last;
            i := i + 1;
        else
            if token = 0 then
                for j in i .. least(points, i + number - 1) loop
                    result[j] := last;
                end loop;
            end if;
            i := i + number;
            token := null;
        end if;
    end loop;

    return result;
end
$$;

-- One row for each container, pod (container '') and node (namespace '') and point of time, as fine as it is kept.
create view kube.metrics as
select to_timestamp(r.slot * 15)    as time,
       interval '15 seconds'        as step,
       r.namespace,
       u.name,
       u.container,
       u.node,
       u.owner,
       u.cpu / 10000.0              as cpu_cores,
       u.memory * 1024              as memory_bytes,
       u.network_received           as network_received_per_second,
       u.network_sent               as network_sent_per_second,
       u.disk_read                  as disk_read_per_second,
       u.disk_written               as disk_written_per_second,
       u.restarts
from store.metric_rounds r
         cross join lateral unnest(
            r.names, r.containers, r.nodes, r.owners, r.cpu, r.memory, r.network_received, r.network_sent, r.disk_read,
            r.disk_written, r.restarts)
    as u(name, container, node, owner, cpu, memory, network_received, network_sent, disk_read, disk_written, restarts)
union all
select b.started_at + (u.point - 1) * l.step,
       l.step,
       b.namespace,
       b.name,
       b.container,
       b.node,
       b.owner,
       u.cpu / 10000.0,
       u.memory * 1024,
       u.network_received,
       u.network_sent,
       u.disk_read,
       u.disk_written,
       u.restarts
from store.metric_blocks b
         join (values (0::smallint, interval '15 seconds', 240),
                      (1::smallint, interval '1 minute', 360),
                      (2::smallint, interval '10 minutes', 144)) as l(level, step, points) on l.level = b.level
         cross join lateral unnest(
            store.metric_values(b.cpu, l.points), store.metric_values(b.memory, l.points),
            store.metric_values(b.network_received, l.points), store.metric_values(b.network_sent, l.points),
            store.metric_values(b.disk_read, l.points), store.metric_values(b.disk_written, l.points),
            store.metric_values(b.restarts, l.points)) with ordinality
    as u(cpu, memory, network_received, network_sent, disk_read, disk_written, restarts, point)
where coalesce(u.cpu, u.memory, u.network_received) is not null;
