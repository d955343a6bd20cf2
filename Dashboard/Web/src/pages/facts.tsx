import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { listHref, objectHref } from '../kernel/route';
import { conditionsOf, containersOf, toneOf, toneOfCondition } from '../kernel/status';
import { age, clock } from '../kernel/text';
import { Badge, Bar, Button, Panel } from '../ui/basics';
import { Capacity } from './capacity';
import { Ports } from './ports';
import { referenceHref } from './references';
import { UsagePanel } from './usage';

type Fact = [string, ComponentChildren];

const join = (values: unknown[] | undefined) => (values ?? []).join(', ');
const pairs = (values: Record<string, string> | undefined) =>
  Object.entries(values ?? {}).map(([k, v]) => `${k}=${v}`).join(', ');

/** What one wants to know of a kind first; what is empty is left out. */
const ofKind: Record<string, (o: KubeObject) => Fact[]> = {
  Pod: o => [
    ['Node', o.spec.nodeName && <a href={objectHref(findResource('', 'nodes')!, undefined, o.spec.nodeName)}>{o.spec.nodeName}</a>],
    ['Pod IP', join((o.status?.podIPs ?? []).map((p: { ip: string }) => p.ip))],
    ['Service account', o.spec.serviceAccountName],
    ['Quality of service', o.status?.qosClass],
    ['Restart policy', o.spec.restartPolicy],
    ['Priority', o.spec.priorityClassName || o.spec.priority],
    ['Why', o.status?.message],
  ],
  Deployment: o => [
    ['Strategy', `${o.spec.strategy?.type ?? ''}${o.spec.strategy?.rollingUpdate ? ` (surge ${o.spec.strategy.rollingUpdate.maxSurge}, unavailable ${o.spec.strategy.rollingUpdate.maxUnavailable})` : ''}`],
    ['Selector', pairs(o.spec.selector?.matchLabels)],
    ['Images', images(o)],
  ],
  StatefulSet: o => [['Service', o.spec.serviceName], ['Selector', pairs(o.spec.selector?.matchLabels)], ['Images', images(o)]],
  DaemonSet: o => [['Selector', pairs(o.spec.selector?.matchLabels)], ['Images', images(o)]],
  ReplicaSet: o => [['Selector', pairs(o.spec.selector?.matchLabels)], ['Images', images(o)]],
  Job: o => [['Completions', `${o.status?.succeeded ?? 0} of ${o.spec.completions ?? 1}`], ['Parallelism', o.spec.parallelism],
    ['Failed', o.status?.failed], ['Images', images(o)]],
  CronJob: o => [['Schedule', <code>{o.spec.schedule}</code>], ['Time zone', o.spec.timeZone], ['Last run', o.status?.lastScheduleTime && age(o.status.lastScheduleTime)],
    ['Concurrency', o.spec.concurrencyPolicy]],
  Service: o => [['Type', o.spec.type], ['Cluster IP', join(o.spec.clusterIPs ?? [o.spec.clusterIP])], ['External', join(o.spec.externalIPs) || o.spec.externalName],
    ['Ports', join((o.spec.ports ?? []).map((p: { port: number; targetPort: unknown; nodePort?: number; protocol: string; name?: string }) =>
      `${p.name ? `${p.name} ` : ''}${p.port}${p.nodePort ? `:${p.nodePort}` : ''} → ${p.targetPort}/${p.protocol}`))],
    ['Selector', pairs(o.spec.selector)]],
  Node: o => [
    ['Addresses', join((o.status?.addresses ?? []).map((a: { address: string }) => a.address))],
    ['System', [o.status?.nodeInfo?.osImage, o.status?.nodeInfo?.architecture].filter(Boolean).join(', ')],
    ['Kernel', o.status?.nodeInfo?.kernelVersion], ['Runtime', o.status?.nodeInfo?.containerRuntimeVersion],
    ['Kubelet', o.status?.nodeInfo?.kubeletVersion], ['Pod networks', join(o.spec.podCIDRs)],
    ['Taints', join((o.spec.taints ?? []).map((t: { key: string; value?: string; effect: string }) => `${t.key}${t.value ? `=${t.value}` : ''}:${t.effect}`))],
  ],
  PersistentVolumeClaim: o => [['Volume', o.spec.volumeName && <a href={objectHref(findResource('', 'persistentvolumes')!, undefined, o.spec.volumeName)}>{o.spec.volumeName}</a>],
    ['Class', o.spec.storageClassName], ['Asks for', o.spec.resources?.requests?.storage], ['Has', o.status?.capacity?.storage], ['Access', join(o.spec.accessModes)]],
  PersistentVolume: o => [['Claim', o.spec.claimRef && `${o.spec.claimRef.namespace}/${o.spec.claimRef.name}`], ['Class', o.spec.storageClassName],
    ['Capacity', o.spec.capacity?.storage], ['Reclaim policy', o.spec.persistentVolumeReclaimPolicy]],
  Secret: o => [['Type', o.type]],
  RoleBinding: binding,
  ClusterRoleBinding: binding,
};

function binding(o: KubeObject): Fact[] {
  return [
    ['Role', `${o.roleRef?.kind} ${o.roleRef?.name}`],
    ['Subjects', join((o.subjects ?? []).map((s: { kind: string; namespace?: string; name: string }) => `${s.kind} ${s.namespace ? `${s.namespace}/` : ''}${s.name}`))],
  ];
}

function images(o: KubeObject): string {
  return join([...new Set((o.spec.template?.spec?.containers ?? []).map((c: { image: string }) => c.image))]);
}

export function Facts({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { metadata } = object;
  const facts: Fact[] = [
    ...(ofKind[kind.kind]?.(object) ?? []),
    ['Created', `${clock(metadata.creationTimestamp)}`],
    ['Being deleted since', metadata.deletionTimestamp && age(metadata.deletionTimestamp)],
    ['Finalizers', join(metadata.finalizers)],
    ['Controlled by', (metadata.ownerReferences ?? []).map(r => {
      const href = referenceHref(r, metadata.namespace);
      return <span key={r.uid}>{href ? <a href={href}>{r.kind} {r.name}</a> : `${r.kind} ${r.name}`} </span>;
    })],
  ];
  return (
    <div class="columns">
      <Panel title="Facts">
        <dl class="facts">
          {facts.filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0))
            .map(([name, value]) => <><dt key={name}>{name}</dt><dd>{value}</dd></>)}
        </dl>
        <Chips title="Labels" values={metadata.labels} kind={kind} />
        <Chips title="Annotations" values={metadata.annotations} />
      </Panel>
      <div>
        <Replicas object={object} />
        {(kind.kind === 'Pod' || kind.kind === 'Node') && <UsagePanel kind={kind} object={object} />}
        {kind.kind === 'Pod' && <Containers pod={object} />}
        <Ports kind={kind} object={object} />
        {kind.kind === 'Node' && <Capacity node={object} />}
        {(object.data || object.binaryData) && <Data object={object} secret={kind.kind === 'Secret'} />}
        {conditionsOf(object).length > 0 && <Conditions object={object} />}
      </div>
    </div>
  );
}

function Chips({ title, values, kind }: { title: string; values?: Record<string, string>; kind?: Kind }) {
  const entries = Object.entries(values ?? {}).filter(([k]) => k !== 'kubectl.kubernetes.io/last-applied-configuration');
  return entries.length === 0 ? null : (
    <div class="chips">
      <h3>{title}</h3>
      {entries.map(([k, v]) => kind
        ? <a key={k} class="chip" href={listHref(kind, `labels=${encodeURIComponent(`${k}=${v}`)}`)} title={`All with ${k}=${v}`}><span>{k}</span>{v}</a>
        : <span key={k} class="chip" title={v}><span>{k}</span>{v}</span>)}
    </div>
  );
}

function Conditions({ object }: { object: KubeObject }) {
  return (
    <Panel title="Conditions">
      <table class="table stack">
        <tbody>
          {conditionsOf(object).map(c => (
            <tr key={c.type}>
              <td><Badge tone={toneOfCondition(c)}>{c.type}</Badge></td>
              <td>{c.status}</td>
              <td class="wrap">{c.message || c.reason}</td>
              <td title={clock(c.lastTransitionTime)}>{age(c.lastTransitionTime)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function Amounts({ title, values }: { title: string; values?: Record<string, string> }) {
  const all = Object.entries(values ?? {});
  return all.length === 0 ? null : <div class="amounts"><small>{title}</small> {all.map(([k, v]) => `${k} ${v}`).join(', ')}</div>;
}

/** How far a rollout is. */
function Replicas({ object: { kind, spec, status, metadata } }: { object: KubeObject }) {
  const isDaemon = kind === 'DaemonSet';
  if (!isDaemon && !['Deployment', 'StatefulSet', 'ReplicaSet', 'ReplicationController'].includes(kind!)) {
    return null;
  }
  const wanted = isDaemon ? status?.desiredNumberScheduled ?? 0 : spec.replicas ?? 1;
  const counts: [string, number][] = isDaemon
    ? [['Up to date', status?.updatedNumberScheduled ?? 0], ['Ready', status?.numberReady ?? 0], ['Available', status?.numberAvailable ?? 0]]
    : [...(status?.updatedReplicas !== undefined || kind === 'Deployment' ? [['Up to date', status?.updatedReplicas ?? 0] as [string, number]] : []),
      ['Ready', status?.readyReplicas ?? 0], ['Available', status?.availableReplicas ?? 0]];
  const seen = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const done = seen && counts.every(([, n]) => n === wanted);
  return (
    <Panel title="Rollout" aside={<Badge tone={done ? 'good' : spec.paused ? 'warn' : 'info'}>{done ? 'Complete' : spec.paused ? 'Paused' : 'In progress'}</Badge>}>
      <div class="meters">
        {counts.map(([name, count]) => (
          <div key={name}><span>{name}</span><b>{count} / {wanted}</b>
            <Bar share={wanted === 0 ? 1 : count / wanted} tone={count === wanted ? 'good' : 'info'} label={name} /></div>
        ))}
      </div>
    </Panel>
  );
}

function Containers({ pod }: { pod: KubeObject }) {
  return (
    <Panel title="Containers">
      <table class="table stack">
        <thead><tr><th>Container</th><th>State</th><th>Restarts</th><th>Resources</th></tr></thead>
        <tbody>
          {containersOf(pod).map(({ spec, status, sort }) => {
            const state = status?.state ?? {};
            const [word, detail] = state.running ? ['Running', `since ${age(state.running.startedAt)}`]
              : state.terminated ? [state.terminated.reason ?? 'Terminated', `exit code ${state.terminated.exitCode}`]
              : [state.waiting?.reason ?? 'Waiting', state.waiting?.message ?? ''];
            return (
              <tr key={spec.name}>
                <td class="named"><b>{spec.name}</b>{sort && <small> {sort}</small>}<div>{spec.image}</div></td>
                <td title={detail}><Badge tone={toneOf(word)}>{word}</Badge> <small>{detail.slice(0, 80)}</small></td>
                <td>{status?.restartCount ?? 0}<span class="only-narrow"> restarts</span></td>
                <td><Amounts title="asks for" values={spec.resources?.requests} /><Amounts title="at most" values={spec.resources?.limits} /></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}

function decode(value: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(value), c => c.charCodeAt(0)));
  } catch {
    return `(binary, ${Math.floor(value.length * 0.75)} bytes)`;
  }
}

function Data({ object, secret }: { object: KubeObject; secret: boolean }) {
  const [open, setOpen] = useState(new Set<string>());
  const entries: [string, string][] = [
    ...Object.entries((object.data ?? {}) as Record<string, string>).map(([k, v]): [string, string] => [k, secret ? decode(v) : v]),
    ...Object.keys(object.binaryData ?? {}).map((k): [string, string] => [k, decode(object.binaryData[k])]),
  ];
  return (
    <Panel title="Data">
      {entries.map(([name, value]) => {
        const hidden = secret && !open.has(name);
        return (
          <div class="datum" key={name}>
            <header><b>{name}</b>{secret && <Button look="quiet" onClick={() => setOpen(s => { const n = new Set(s); if (!n.delete(name)) { n.add(name); } return n; })}>{hidden ? 'Show' : 'Hide'}</Button>}</header>
            <pre>{hidden ? '••••••••' : value}</pre>
          </div>
        );
      })}
    </Panel>
  );
}
