-- Under which addresses the silos serve the API: each keeps its own rows alive.
create table store.api_servers (
    silo text collate "C" not null,
    address text collate "C" not null,
    port integer not null,
    expires_at timestamptz not null,
    primary key (silo, address)
);
