-- A number for each silo, which the silo raises several times a second while its process runs. Others see by it that it
-- does. Not logged: after a crash of the server everybody begins anew.
create unlogged table store.pulses (
    silo text collate "C" primary key,
    beat bigint not null
);
