-- With which keys values of which resources were ever written, and a text that only the same key can read.
create table store.encryption_keys
(
    resource text collate "C" not null,
    prefix   text collate "C" not null,
    proof    bytea            not null,
    primary key (resource, prefix)
);

-- Of a value that is encrypted (it begins with k8s:enc:) SQL shows nothing.
create or replace function store.as_json(body bytea) returns jsonb
    language sql immutable parallel safe as
$$
select case
           when substring(body from 1 for 8) = '\x6b38733a656e633a'::bytea then null
           else replace(convert_from(body, 'UTF8'), '\u0000', '\ufffd')::jsonb
       end
$$;
