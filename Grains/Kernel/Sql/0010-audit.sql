-- Recent audit events. Segments follow each other; retention drops whole ones and never deletes rows.
create sequence store.audit_id;

create table store.audit
(
    segment integer     not null,
    id      bigint      not null,
    at      timestamptz not null,
    event   jsonb       not null,
    primary key (id, segment)
) partition by list (segment);

create index on store.audit (at);

-- Who did something to an object.
create index on store.audit ((event #>> '{objectRef,resource}'), (event #>> '{objectRef,namespace}'), (event #>> '{objectRef,name}'));

create table store.audit_segments
(
    segment    integer primary key,
    started_at timestamptz not null default now(),
    first_id   bigint      not null
);

create function store.add_audit_segment(next_segment integer) returns void
    language plpgsql as
$$
begin
    -- Attaching needs a weaker lock than creating a partition in place: writers go on meanwhile.
    execute format('create table store.audit_%s (like store.audit including all)', next_segment);
    execute format('alter table store.audit attach partition store.audit_%s for values in (%s)', next_segment, next_segment);
    insert into store.audit_segments (segment, first_id) values (next_segment, nextval('store.audit_id'));
end
$$;

select store.add_audit_segment(1);

-- Begins a new segment when the newest has had its share of time or events, and drops segments past retention. Only one
-- session does this at a time; others return at once.
create function store.maintain_audit(retention interval, retention_events bigint, segments_per_retention integer) returns void
    language plpgsql as
$$
declare
    newest store.audit_segments;
    last   bigint;
    old    record;
begin
    if not pg_try_advisory_xact_lock(hashtext('store.maintain_audit')) then
        return;
    end if;

    perform set_config('lock_timeout', '1s', true);
    select last_value into last from store.audit_id;
    select * into newest from store.audit_segments order by segment desc limit 1;
    if last - newest.first_id >= greatest(retention_events / segments_per_retention, 1)
        or (last > newest.first_id and newest.started_at < now() - retention / segments_per_retention) then
        perform store.add_audit_segment(newest.segment + 1);
    end if;

    for old in
        select s.segment
        from (select segment,
                     lead(started_at) over (order by segment) as ended_at,
                     lead(first_id) over (order by segment)   as ended_id
              from store.audit_segments) s
        where s.ended_at < now() - retention or last - s.ended_id >= retention_events
        order by s.segment
    loop
        execute format('alter table store.audit detach partition store.audit_%s', old.segment);
        execute format('drop table store.audit_%s', old.segment);
        delete from store.audit_segments where segment = old.segment;
    end loop;
end
$$;

-- Who did what, when, from where, and with what outcome.
create view kube.audit as
select at,
       event ->> 'verb'                                         as verb,
       event #>> '{user,username}'                              as username,
       event #>> '{impersonatedUser,username}'                  as acts_as,
       event #>> '{objectRef,resource}'                         as resource,
       event #>> '{objectRef,subresource}'                      as subresource,
       event #>> '{objectRef,apiGroup}'                         as api_group,
       event #>> '{objectRef,namespace}'                        as namespace,
       event #>> '{objectRef,name}'                             as name,
       (event #>> '{responseStatus,code}')::int                 as code,
       event #>> '{responseStatus,reason}'                      as reason,
       event #>> '{annotations,authorization.k8s.io/decision}'  as decision,
       event ->> 'userAgent'                                    as user_agent,
       event -> 'sourceIPs'                                     as source_ips,
       event ->> 'requestURI'                                   as request_uri,
       event ->> 'auditID'                                      as audit_id,
       event
from store.audit;
