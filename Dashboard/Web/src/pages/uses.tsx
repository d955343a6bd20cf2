import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { hrefOf, objectHref } from '../kernel/route';
import { leadsTo, usesOf } from '../kernel/uses';
import { Panel } from '../ui/basics';
import { referenceHref } from './references';

interface Link { key: string; kind: string; name: string; href?: string }

const mostShown = 100;

/** What an object needs, and what needs it: by names and labels, where nobody owns anybody. */
export function Uses({ kind, object }: { kind: Kind; object: KubeObject }) {
  const needs = [...usesOf(object).map(u => linkTo(u.group, u.resource, object.metadata.namespace, u.name)), ...targetOf(object)];
  const services = useServices(kind, object);
  const users = useUsers(kind, object);
  return (
    <>
      <Links title="Uses" links={needs} />
      <Links title="Services that lead here" links={services} />
      <Links title={kind.kind === 'Service' ? 'Ingresses that lead here' : 'Used by'} links={users} />
    </>
  );
}

function Links({ title, links }: { title: string; links: Link[] }) {
  return links.length === 0 ? null : (
    <Panel title={title} aside={<span class="count">{links.length}</span>}>
      <ul class="links">
        {links.slice(0, mostShown).map(l => <li key={l.key}><small>{l.kind}</small> {l.href ? <a href={l.href}>{l.name}</a> : l.name}</li>)}
        {links.length > mostShown && <li>… and {links.length - mostShown} more</li>}
      </ul>
    </Panel>
  );
}

function linkTo(group: string, resource: string, namespace: string | undefined, name: string): Link {
  const kind = findResource(group, resource);
  return { key: `${resource}/${name}`, kind: kind?.kind ?? resource, name, href: kind && objectHref(kind, namespace, name) };
}

/** What an autoscaler sizes. */
function targetOf({ kind, spec, metadata }: KubeObject): Link[] {
  const target = kind === 'HorizontalPodAutoscaler' ? spec?.scaleTargetRef as { apiVersion?: string; kind: string; name: string } : undefined;
  return target ? [{ key: target.name, kind: target.kind, name: target.name, href: referenceHref(target, metadata.namespace) }] : [];
}

function useServices(kind: Kind, object: KubeObject): Link[] {
  const services = findResource('', 'services')!;
  const live = useLive(kind.kind === 'Pod' ? { path: pathOf(services, object.metadata.namespace) } : null);
  return live.rows.filter(r => leadsTo(r.object, object))
    .map(r => ({ key: r.object.metadata.uid, kind: 'Service', name: r.object.metadata.name, href: hrefOf(services, r.object) }));
}

const named = ['configmaps', 'secrets', 'persistentvolumeclaims', 'serviceaccounts'];

/** Pods that name an object; of a Service the Ingresses that do. */
function useUsers(kind: Kind, object: KubeObject): Link[] {
  const of = kind.group !== '' ? undefined : named.includes(kind.resource) ? findResource('', 'pods')
    : kind.resource === 'services' ? findResource('networking.k8s.io', 'ingresses') : undefined;
  const live = useLive(of ? { path: pathOf(of, object.metadata.namespace) } : null);
  return live.rows.filter(r => usesOf({ ...r.object, kind: of!.kind }).some(u => u.resource === kind.resource && u.name === object.metadata.name))
    .map(r => ({ key: r.object.metadata.uid, kind: of!.kind, name: r.object.metadata.name, href: hrefOf(of!, r.object) }));
}
