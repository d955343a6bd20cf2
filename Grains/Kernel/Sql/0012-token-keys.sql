-- The keys that sign tokens of service accounts. A cluster begins with that of its identity.
create table store.token_keys (
    key_id text primary key,
    key text not null,
    signs_from timestamptz not null,
    -- When the last token that it signed has ended: in seconds since 1970; 0 for none, the greatest number for tokens
    -- without an end.
    last_expiry bigint not null
);

-- Nobody noted until here how long tokens live.
insert into store.token_keys (key_id, key, signs_from, last_expiry)
select token_key_id, token_key, now(), 9223372036854775807 from store.identity;
