-- A revision without a change is in the log as the deletion of what has no name: it is no version of an object.
create or replace view kube.changes as
select resource,
       revision,
       (array ['Added', 'Modified', 'Deleted'])[kind + 1] as kind,
       namespace,
       name,
       uid,
       committed_at,
       store.as_json(body)                                as object
from store.changes
where name <> '';

create or replace view kube.deletions as
select c.committed_at as deleted_at,
       c.resource,
       c.namespace,
       c.name,
       c.uid,
       c.revision,
       coalesce(a.acts_as, a.username) as deleted_by,
       a.user_agent
from store.changes c
         left join lateral (
    select e.event #>> '{user,username}' as username, e.event #>> '{impersonatedUser,username}' as acts_as,
           e.event ->> 'userAgent' as user_agent
    from store.audit e
    where e.event #>> '{objectRef,resource}' = regexp_replace(c.resource, '^.*/', '')
      and ((c.namespace <> '' and e.event #>> '{objectRef,namespace}' = c.namespace)
        or (c.namespace = '' and e.event #>> '{objectRef,namespace}' is null))
      and e.event #>> '{objectRef,name}' = c.name
      and coalesce(e.event #>> '{objectRef,apiGroup}', '') = case when position('/' in c.resource) > 0 then split_part(c.resource, '/', 1) else '' end
      and e.event ->> 'verb' = 'delete'
      and (e.event #>> '{responseStatus,code}')::int between 200 and 299
      and e.at >= coalesce((store.as_json(c.body) #>> '{metadata,creationTimestamp}')::timestamptz, '-infinity')
      and e.at <= c.committed_at + interval '1 minute'
    order by e.at
    limit 1) a on true
where c.kind = 2
  and c.name <> '';
