-- Which networks and ports of nodes the silos of this cluster give out: its objects hold addresses of them, so that a
-- cluster that is made again from a backup keeps them.
create table store.networks
(
    is_only    boolean primary key default true check (is_only),
    pods       text not null,
    services   text not null,
    node_ports text not null
);
