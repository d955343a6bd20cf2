-- The authority by which servers of aggregated APIs know this one. Null until the first silo that knows of it starts.
alter table store.identity add column proxy_authority text, add column proxy_authority_key text;
