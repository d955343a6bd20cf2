import { useMemo } from 'preact/hooks';
import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Live } from '../kernel/live';
import { hrefOf, objectHref } from '../kernel/route';
import { podsSelector } from '../kernel/selectors';
import { summary } from '../kernel/status';
import { age } from '../kernel/text';
import { Badge, Empty, Loading, Panel } from '../ui/basics';
import { referenceHref } from './references';

/** Whose children are looked for among what; of all other kinds, among everything that usually has an owner. */
const childKinds: Record<string, string[]> = {
  Deployment: ['apps/replicasets', 'pods'], ReplicaSet: ['pods'], ReplicationController: ['pods'], DaemonSet: ['pods', 'apps/controllerrevisions'],
  StatefulSet: ['pods', 'apps/controllerrevisions', 'persistentvolumeclaims'], Job: ['pods'], CronJob: ['batch/jobs', 'pods'],
  Service: ['discovery.k8s.io/endpointslices'], Node: [], Pod: ['persistentvolumeclaims'],
  ConfigMap: [], Secret: [], Namespace: [], Event: [],
};
const usual = ['apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'apps/replicasets', 'batch/jobs', 'pods', 'services', 'configmaps', 'secrets'];

const byName = (name: string): Kind | undefined => {
  const [group, resource] = name.includes('/') ? name.split('/') as [string, string] : ['', name];
  return findResource(group, resource);
};

export function Related({ kind, object }: { kind: Kind; object: KubeObject }) {
  const isBuiltIn = kind.kind in childKinds;
  const isCustom = kind.group.includes('.') && !kind.group.endsWith('.k8s.io');
  const names = isBuiltIn ? childKinds[kind.kind]! : isCustom && object.metadata.namespace ? usual : [];
  return (
    <>
      {(object.metadata.ownerReferences?.length || names.length > 0) && <Family kind={kind} object={object} names={names} />}
      {(kind.kind === 'Node' || kind.kind === 'Service') && <PodsOf object={object} />}
      {kind.kind === 'Namespace' && <Inside name={object.metadata.name} />}
    </>
  );
}

function Inside({ name }: { name: string }) {
  const shown = ['pods', 'apps/deployments', 'services', 'configmaps', 'secrets'].map(byName).filter(k => k !== undefined);
  return (
    <Panel title="Inside">
      <div class="chips">
        {shown.map(k => <a key={k.resource} class="chip" href={`#/list/${k.group || 'core'}/${k.resource}?fields=metadata.namespace%3D${name}`}>{titleOf(k)}</a>)}
      </div>
    </Panel>
  );
}

/** Owners above, the object itself, and all that it owns, as deep as that goes. */
function Family({ kind, object, names }: { kind: Kind; object: KubeObject; names: string[] }) {
  const space = object.metadata.namespace;
  // Hooks must be as many at every turn: kinds that are not asked for are asked with nothing.
  const sources = [...names, ...usual].slice(0, usual.length).map((name, i) => (i < names.length ? byName(name) : undefined));
  const lives = sources.map(k => ({ kind: k, live: useLive(k ? { path: pathOf(k, space) } : null) }));
  const children = useMemo(() => {
    const found = new Map<string, { kind: Kind; object: KubeObject }[]>();
    for (const { kind: of, live } of lives) {
      for (const row of of ? live.rows : []) {
        for (const owner of row.object.metadata.ownerReferences ?? []) {
          found.set(owner.uid, [...(found.get(owner.uid) ?? []), { kind: of!, object: { ...row.object, kind: of!.kind } }]);
        }
      }
    }
    return found;
  }, lives.map(l => l.live));
  const loading = lives.some(l => l.kind && l.live.phase === 'loading');
  const owners = object.metadata.ownerReferences ?? [];
  if (!loading && owners.length === 0 && !children.has(object.metadata.uid)) {
    return null;
  }
  return (
    <Panel title="Owners and children">
      {loading && <Loading />}
      <ul class="tree">
        {owners.map(o => {
          const href = referenceHref(o, space);
          return <li key={o.uid}><small>owned by {o.kind}</small> {href ? <a href={href}>{o.name}</a> : o.name}</li>;
        })}
        <li class="self"><small>{kind.kind}</small> <b>{object.metadata.name}</b>
          <Branch uid={object.metadata.uid} children={children} depth={0} /></li>
      </ul>
    </Panel>
  );
}

const mostChildren = 50;
const deepest = 5;

function Branch({ uid, children, depth }: { uid: string; children: Map<string, { kind: Kind; object: KubeObject }[]>; depth: number }) {
  const found = children.get(uid) ?? [];
  const empty = (o: KubeObject) => o.kind === 'ReplicaSet' && o.spec?.replicas === 0;
  const sorted = [...found].sort((a, b) => Number(empty(a.object)) - Number(empty(b.object))
    || (a.object.metadata.creationTimestamp! < b.object.metadata.creationTimestamp! ? 1 : -1));
  return found.length === 0 || depth > deepest ? null : (
    <ul>
      {sorted.slice(0, mostChildren).map(({ kind, object }) => {
        const state = summary(object);
        return (
          <li key={object.metadata.uid} class={empty(object) ? 'faded' : ''}>
            <small>{kind.kind}</small> <a href={hrefOf(kind, object)}>{object.metadata.name}</a>{' '}
            {state && <Badge tone={empty(object) ? 'none' : state.tone}>{state.word}</Badge>} <small>{age(object.metadata.creationTimestamp)}</small>
            <Branch uid={object.metadata.uid} children={children} depth={depth + 1} />
          </li>
        );
      })}
      {sorted.length > mostChildren && <li>… and {sorted.length - mostChildren} more</li>}
    </ul>
  );
}

/** The pods that an object leads to, each with its node; of a Service, with what its endpoints say of them. */
function PodsOf({ object }: { object: KubeObject }) {
  const pods = findResource('', 'pods')!;
  const nodes = findResource('', 'nodes')!;
  const selector = podsSelector(object);
  const live = useLive(selector && { path: pathOf(pods, object.metadata.namespace), ...selector });
  const slices = findResource('discovery.k8s.io', 'endpointslices');
  const endpoints = useLive(object.kind === 'Service' && slices
    ? { path: pathOf(slices, object.metadata.namespace), labels: `kubernetes.io/service-name=${object.metadata.name}` } : null);
  const ready = readyEndpoints(endpoints);
  if (!selector) {
    return null;
  }
  return (
    <Panel title={object.kind === 'Service' ? 'Endpoints' : 'Pods'} aside={<span class="count">{live.rows.length}</span>}>
      {live.phase === 'loading' ? <Loading /> : live.rows.length === 0 ? <Empty>No pod {object.kind === 'Service' ? 'has these labels' : 'runs here'}.</Empty> : (
        <table class="table">
          <thead><tr><th>Pod</th><th>Status</th>{object.kind === 'Service' && <th>Endpoint</th>}<th>{object.kind === 'Node' ? 'Namespace' : 'Node'}</th><th>Address</th><th>Age</th></tr></thead>
          <tbody>
            {live.rows.slice(0, 300).map(({ object: pod }) => {
              const state = summary({ ...pod, kind: 'Pod' })!;
              const known = ready.get(pod.metadata.uid);
              return (
                <tr key={pod.metadata.uid}>
                  <td><a href={hrefOf(pods, pod)}>{pod.metadata.name}</a></td>
                  <td><Badge tone={state.tone}>{state.word}</Badge></td>
                  {object.kind === 'Service' && <td><Badge tone={known ? 'good' : known === undefined ? 'none' : 'warn'}>{known ? 'Ready' : known === undefined ? 'None' : 'Not ready'}</Badge></td>}
                  <td>{object.kind === 'Node' ? pod.metadata.namespace
                    : pod.spec.nodeName ? <a href={objectHref(nodes, undefined, pod.spec.nodeName)}>{pod.spec.nodeName}</a> : '–'}</td>
                  <td>{pod.status?.podIP ?? '–'}</td>
                  <td>{age(pod.metadata.creationTimestamp)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function readyEndpoints(slices: Live): Map<string, boolean> {
  return new Map(slices.rows.flatMap(r => (r.object.endpoints ?? []) as { targetRef?: { uid?: string }; conditions?: { ready?: boolean } }[])
    .filter(e => e.targetRef?.uid).map(e => [e.targetRef!.uid!, e.conditions?.ready !== false]));
}

