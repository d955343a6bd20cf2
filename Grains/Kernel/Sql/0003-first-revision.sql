-- New journals begin at 2: clients take revision 1 for one that is surely too old, and expect to hear so.
alter table store.journals alter column revision set default 2, alter column oldest_revision set default 2;
