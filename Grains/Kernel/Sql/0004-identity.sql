-- The cluster's identity, one row. A silo needs it before it can talk to another, so it is no grain's state.
create table store.identity (
    only_row boolean primary key default true check (only_row),
    cluster_id text not null,
    authority text not null,
    authority_key text not null,
    token_key_id text not null,
    token_key text not null
);
