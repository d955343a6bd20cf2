-- Orleans' membership, grain storage and reminders. Orleans reads its queries from OrleansQuery by key and binds
-- parameters by name; table layouts are ours. A query that promises "did it happen" answers with one row of one column.
create schema orleans;

create table orleans.OrleansQuery
(
    QueryKey  text primary key,
    QueryText text not null
);

create table orleans.membership_version
(
    deployment_id text primary key,
    changed_at    timestamptz not null default now(),
    version       integer     not null default 0
);

create table orleans.membership
(
    deployment_id   text        not null references orleans.membership_version,
    address         text        not null,
    port            integer     not null,
    generation      integer     not null,
    silo_name       text        not null,
    host_name       text        not null,
    status          integer     not null,
    proxy_port      integer,
    suspect_times   text,
    start_time      timestamptz not null,
    i_am_alive_time timestamptz not null,
    primary key (deployment_id, address, port, generation)
);

create table orleans.reminders
(
    service_id    text        not null,
    grain_id      text        not null,
    reminder_name text        not null,
    start_time    timestamptz not null,
    period        bigint      not null,
    grain_hash    integer     not null,
    version       integer     not null default 0,
    primary key (service_id, grain_id, reminder_name)
);

create index reminders_by_hash on orleans.reminders (service_id, grain_hash);

-- The hashes make short index entries; the full key decides.
create table orleans.grain_storage
(
    grain_id_hash     integer     not null,
    grain_type_hash   integer     not null,
    grain_id_n0       bigint      not null,
    grain_id_n1       bigint      not null,
    grain_type        text        not null,
    -- Empty when Orleans gives none: null would defeat the unique index.
    grain_id_extension text       not null,
    service_id        text        not null,
    payload           bytea,
    modified_on       timestamptz not null default now(),
    version           integer     not null,
    primary key (grain_id_hash, grain_type_hash, grain_id_n0, grain_id_n1, grain_type, grain_id_extension, service_id)
);

insert into orleans.OrleansQuery (QueryKey, QueryText)
values
-- Membership. Every change of the table is one step of its version; a version that moved on makes the change a no-op.
('InsertMembershipVersionKey', $q$
    with added as (
        insert into orleans.membership_version (deployment_id) values (@DeploymentId) on conflict do nothing returning 1)
    select count(*)::integer from added
$q$),
('InsertMembershipKey', $q$
    with versioned as (
        update orleans.membership_version v set version = v.version + 1, changed_at = now()
        where v.deployment_id = @DeploymentId and v.version = @Version
            and not exists (
                select 1 from orleans.membership m
                where m.deployment_id = @DeploymentId and m.address = @Address and m.port = @Port and m.generation = @Generation)
        returning v.deployment_id),
    added as (
        insert into orleans.membership (
            deployment_id, address, port, generation, silo_name, host_name, status, proxy_port, start_time, i_am_alive_time)
        select deployment_id, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime
        from versioned
        returning 1)
    select count(*)::integer from added
$q$),
('UpdateMembershipKey', $q$
    with versioned as (
        update orleans.membership_version v set version = v.version + 1, changed_at = now()
        where v.deployment_id = @DeploymentId and v.version = @Version
            and exists (
                select 1 from orleans.membership m
                where m.deployment_id = @DeploymentId and m.address = @Address and m.port = @Port and m.generation = @Generation)
        returning v.deployment_id),
    changed as (
        update orleans.membership m
        set status = @Status, suspect_times = @SuspectTimes, i_am_alive_time = greatest(m.i_am_alive_time, @IAmAliveTime)
        from versioned v
        where m.deployment_id = v.deployment_id and m.address = @Address and m.port = @Port and m.generation = @Generation
        returning 1)
    select count(*)::integer from changed
$q$),
('UpdateIAmAlivetimeKey', $q$
    update orleans.membership set i_am_alive_time = @IAmAliveTime
    where deployment_id = @DeploymentId and address = @Address and port = @Port and generation = @Generation
$q$),
('MembershipReadRowKey', $q$
    select v.deployment_id as DeploymentId, m.address as Address, m.port as Port, m.generation as Generation,
        m.silo_name as SiloName, m.host_name as HostName, m.status as Status, m.proxy_port as ProxyPort,
        m.suspect_times as SuspectTimes, m.start_time as StartTime, m.i_am_alive_time as IAmAliveTime, v.version as Version
    from orleans.membership_version v
    left join orleans.membership m
        on m.deployment_id = v.deployment_id and m.address = @Address and m.port = @Port and m.generation = @Generation
    where v.deployment_id = @DeploymentId
$q$),
('MembershipReadAllKey', $q$
    select v.deployment_id as DeploymentId, m.address as Address, m.port as Port, m.generation as Generation,
        m.silo_name as SiloName, m.host_name as HostName, m.status as Status, m.proxy_port as ProxyPort,
        m.suspect_times as SuspectTimes, m.start_time as StartTime, m.i_am_alive_time as IAmAliveTime, v.version as Version
    from orleans.membership_version v
    left join orleans.membership m on m.deployment_id = v.deployment_id
    where v.deployment_id = @DeploymentId
$q$),
('DeleteMembershipTableEntriesKey', $q$
    with members as (delete from orleans.membership where deployment_id = @DeploymentId)
    delete from orleans.membership_version where deployment_id = @DeploymentId
$q$),
('GatewaysQueryKey', $q$
    select address as Address, proxy_port as ProxyPort, generation as Generation
    from orleans.membership
    where deployment_id = @DeploymentId and status = @Status and proxy_port > 0
$q$),
-- 6 is SiloStatus.Dead: a living silo must never lose its row, however late its heartbeat is.
('CleanupDefunctSiloEntriesKey', $q$
    delete from orleans.membership
    where deployment_id = @DeploymentId and i_am_alive_time < @IAmAliveTime and start_time < @IAmAliveTime and status = 6
$q$),
('CleanupDefunctSiloEntryKey', $q$
    delete from orleans.membership
    where deployment_id = @DeploymentId and status = 6 and address = @Address and port = @Port and generation = @Generation
        and i_am_alive_time = @IAmAliveTime and start_time = @StartTime
        and coalesce(suspect_times, '') = coalesce(@SuspectTimes::text, '')
$q$),
-- Grain storage. Answers with the new version, or with no row when the caller's version is not the stored one.
('ReadFromStorageKey', $q$
    select payload as PayloadBinary, now() as ModifiedOn, version as Version
    from orleans.grain_storage
    where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and grain_id_n0 = @GrainIdN0 and grain_id_n1 = @GrainIdN1
        and grain_type = @GrainTypeString and grain_id_extension = coalesce(@GrainIdExtensionString::text, '')
        and service_id = @ServiceId
$q$),
('WriteToStorageKey', $q$
    with updated as (
        update orleans.grain_storage set payload = @PayloadBinary, modified_on = now(), version = version + 1
        where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and grain_id_n0 = @GrainIdN0 and grain_id_n1 = @GrainIdN1
            and grain_type = @GrainTypeString and grain_id_extension = coalesce(@GrainIdExtensionString::text, '')
            and service_id = @ServiceId and version = @GrainStateVersion::integer
        returning version),
    inserted as (
        insert into orleans.grain_storage (
            grain_id_hash, grain_type_hash, grain_id_n0, grain_id_n1, grain_type, grain_id_extension, service_id, payload, version)
        select @GrainIdHash, @GrainTypeHash, @GrainIdN0, @GrainIdN1, @GrainTypeString, coalesce(@GrainIdExtensionString::text, ''),
            @ServiceId, @PayloadBinary, 1
        where @GrainStateVersion::integer is null
        on conflict do nothing
        returning version)
    select version as NewGrainStateVersion from updated
    union all
    select version from inserted
    union all
    -- Orleans takes an unchanged version for a conflict.
    select @GrainStateVersion::integer where not exists (select 1 from updated) and not exists (select 1 from inserted)
$q$),
('ClearStorageKey', $q$
    with cleared as (
        update orleans.grain_storage set payload = null, modified_on = now(), version = version + 1
        where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and grain_id_n0 = @GrainIdN0 and grain_id_n1 = @GrainIdN1
            and grain_type = @GrainTypeString and grain_id_extension = coalesce(@GrainIdExtensionString::text, '')
            and service_id = @ServiceId and version = @GrainStateVersion::integer
        returning version)
    select version as NewGrainStateVersion from cleared
    union all
    select @GrainStateVersion::integer where not exists (select 1 from cleared)
$q$),
('DeleteStorageKey', $q$
    with deleted as (
        delete from orleans.grain_storage
        where grain_id_hash = @GrainIdHash and grain_type_hash = @GrainTypeHash and grain_id_n0 = @GrainIdN0 and grain_id_n1 = @GrainIdN1
            and grain_type = @GrainTypeString and grain_id_extension = coalesce(@GrainIdExtensionString::text, '')
            and service_id = @ServiceId and version = @GrainStateVersion::integer
        returning version)
    select version + 1 as NewGrainStateVersion from deleted
    union all
    select @GrainStateVersion::integer where not exists (select 1 from deleted)
$q$),
-- Reminders. Hashes are compared as signed integers; a range that wraps around has its begin above its end.
('UpsertReminderRowKey', $q$
    insert into orleans.reminders (service_id, grain_id, reminder_name, start_time, period, grain_hash)
    values (@ServiceId, @GrainId, @ReminderName, @StartTime, @Period, @GrainHash)
    on conflict (service_id, grain_id, reminder_name) do update
        set start_time = excluded.start_time, period = excluded.period, grain_hash = excluded.grain_hash,
            version = orleans.reminders.version + 1
    returning version as Version
$q$),
('ReadReminderRowsKey', $q$
    select grain_id as GrainId, reminder_name as ReminderName, start_time as StartTime, period as Period, version as Version
    from orleans.reminders where service_id = @ServiceId and grain_id = @GrainId
$q$),
('ReadReminderRowKey', $q$
    select grain_id as GrainId, reminder_name as ReminderName, start_time as StartTime, period as Period, version as Version
    from orleans.reminders where service_id = @ServiceId and grain_id = @GrainId and reminder_name = @ReminderName
$q$),
('ReadRangeRows1Key', $q$
    select grain_id as GrainId, reminder_name as ReminderName, start_time as StartTime, period as Period, version as Version
    from orleans.reminders where service_id = @ServiceId and grain_hash > @BeginHash and grain_hash <= @EndHash
$q$),
('ReadRangeRows2Key', $q$
    select grain_id as GrainId, reminder_name as ReminderName, start_time as StartTime, period as Period, version as Version
    from orleans.reminders where service_id = @ServiceId and (grain_hash > @BeginHash or grain_hash <= @EndHash)
$q$),
('DeleteReminderRowKey', $q$
    with deleted as (
        delete from orleans.reminders
        where service_id = @ServiceId and grain_id = @GrainId and reminder_name = @ReminderName and version = @Version
        returning 1)
    select count(*)::integer from deleted
$q$),
('DeleteReminderRowsKey', $q$
    delete from orleans.reminders where service_id = @ServiceId
$q$);
