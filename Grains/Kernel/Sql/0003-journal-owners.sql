-- Which silo holds which journal: the grain directory of journals. It must outlive every silo, hence it is not spread over them.
create table store.activations (
    grain text collate "C" primary key,
    activation text collate "C" not null,
    silo text collate "C" not null,
    membership_version bigint not null
);
