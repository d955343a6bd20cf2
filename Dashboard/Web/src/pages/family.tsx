import { useMemo } from 'preact/hooks';
import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { byName, isBuiltIn } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { hrefOf } from '../kernel/route';
import { summary } from '../kernel/status';
import { age } from '../kernel/text';
import { Badge, Loading, Panel } from '../ui/basics';
import { referenceHref } from './references';

/** Whose children are looked for among what; of all other kinds, among everything that usually has an owner. */
const childKinds: Record<string, string[]> = {
  Deployment: ['apps/replicasets', 'pods'], ReplicaSet: ['pods'], ReplicationController: ['pods'], DaemonSet: ['pods', 'apps/controllerrevisions'],
  StatefulSet: ['pods', 'apps/controllerrevisions', 'persistentvolumeclaims'], Job: ['pods'], CronJob: ['batch/jobs', 'pods'],
  Service: ['discovery.k8s.io/endpointslices'], Node: [], Pod: ['persistentvolumeclaims'],
  ConfigMap: [], Secret: [], Namespace: [], Event: [],
};
const usual = ['apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'apps/replicasets', 'batch/jobs', 'pods', 'services', 'configmaps', 'secrets'];

type Child = { kind: Kind; object: KubeObject };

/** What an object owns, and what that owns in turn, by the owner. */
function useChildren(kind: Kind, object: KubeObject): { children: Map<string, Child[]>; isLoading: boolean } {
  const isCustom = !isBuiltIn(kind.group);
  const names = kind.kind in childKinds ? childKinds[kind.kind]! : isCustom && object.metadata.namespace ? usual : [];
  const space = object.metadata.namespace;
  // Hooks must be as many at every turn: kinds that are not asked for are asked with nothing.
  const sources = [...names, ...usual].slice(0, usual.length).map((name, i) => (i < names.length ? byName(name) : undefined));
  const lives = sources.map(k => ({ kind: k, live: useLive(k ? { path: pathOf(k, space) } : null) }));
  const children = useMemo(() => {
    const found = new Map<string, Child[]>();
    for (const { kind: of, live } of lives) {
      for (const row of of ? live.rows : []) {
        for (const owner of row.object.metadata.ownerReferences ?? []) {
          found.set(owner.uid, [...(found.get(owner.uid) ?? []), { kind: of!, object: { ...row.object, kind: of!.kind } }]);
        }
      }
    }
    return found;
  }, lives.map(l => l.live));
  return { children, isLoading: lives.some(l => l.kind && l.live.phase === 'loading') };
}

/** Owners above, the object itself, and all that it owns, as deep as that goes. */
export function Family({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { children, isLoading } = useChildren(kind, object);
  const owners = object.metadata.ownerReferences ?? [];
  const space = object.metadata.namespace;
  if (owners.length === 0 && !children.has(object.metadata.uid)) {
    return null;
  }
  return (
    <Panel title="Owners and children">
      {isLoading && <Loading />}
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

/** All that an object owns, for who is about to delete it. */
export function Dependents({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { children, isLoading } = useChildren(kind, object);
  const count = countBelow(object.metadata.uid, children);
  return isLoading && count === 0 ? <Loading what="Looking for what it owns" /> : count === 0 ? null : (
    <div class="owned">
      <p>It owns {count === 1 ? 'one object' : `${count} objects`}:</p>
      <ul class="tree scroll"><Branch uid={object.metadata.uid} children={children} depth={0} flat /></ul>
    </div>
  );
}

function countBelow(uid: string, children: Map<string, Child[]>, depth = 0): number {
  return depth > deepest ? 0
    : (children.get(uid) ?? []).reduce((sum, c) => sum + 1 + countBelow(c.object.metadata.uid, children, depth + 1), 0);
}

const mostChildren = 50;
const deepest = 5;

function Branch({ uid, children, depth, flat }: { uid: string; children: Map<string, Child[]>; depth: number; flat?: boolean }) {
  const found = children.get(uid) ?? [];
  const empty = (o: KubeObject) => o.kind === 'ReplicaSet' && o.spec?.replicas === 0;
  const sorted = [...found].sort((a, b) => Number(empty(a.object)) - Number(empty(b.object))
    || (a.object.metadata.creationTimestamp! < b.object.metadata.creationTimestamp! ? 1 : -1));
  if (found.length === 0 || depth > deepest) {
    return null;
  }
  const items = (
    <>
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
    </>
  );
  return flat ? items : <ul>{items}</ul>;
}
