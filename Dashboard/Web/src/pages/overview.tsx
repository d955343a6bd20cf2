import { useEffect, useState } from 'preact/hooks';
import { json, pathOf, send } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Live, Row } from '../kernel/live';
import { hrefOf, listHref, namespace, objectHref } from '../kernel/route';
import { conditionsOf, containersOf, toneOf } from '../kernel/status';
import type { Tone } from '../kernel/status';
import { age } from '../kernel/text';
import { useFullVolumes } from '../kernel/volumes';
import type { FullVolume } from '../kernel/volumes';
import { Badge, Empty, Loading } from '../ui/basics';
import { referenceHref } from './references';
import { Timeline } from './timeline';

interface Finding { key: string; tone: Tone; what: string; name: string; href: string; why: string; since?: string; tail?: string }

const mostFindings = 30;

/** Everything that the overview watches; a kind that is not served, or not allowed, is left out. */
function useWatched(group: string, resource: string, more: { table?: boolean; fields?: string } = {}): Live {
  const kind = findResource(group, resource);
  return useLive(kind ? { path: pathOf(kind, namespace.value || undefined), ...more } : null);
}

export function Overview() {
  const nodes = useWatched('', 'nodes');
  const pods = useWatched('', 'pods', { table: true });
  const jobs = useWatched('batch', 'jobs');
  const claims = useWatched('', 'persistentvolumeclaims');
  const deployments = useWatched('apps', 'deployments', { table: true });
  const warnings = useWatched('', 'events', { fields: 'type=Warning' });
  const troubled = useTroubledPods(pods.rows);
  const volumes = useFullVolumes(nodes.rows.map(r => r.object.metadata.name), claims.rows.some(r => r.object.status?.phase === 'Bound'));
  const stillReading = [nodes, pods].some(l => l.phase === 'loading');
  const findings = [
    ...nodeFindings(nodes.rows), ...troubled, ...jobFindings(jobs.rows), ...volumeFindings(volumes), ...claimFindings(claims.rows),
    ...deploymentFindings(deployments, troubled),
  ];
  return (
    <div class="overview">
      <header class="heading"><h1>{namespace.value ? `Overview of ${namespace.value}` : 'Overview'}</h1></header>
      <div class="tiles">
        <Tile title="Nodes" live={nodes} group="" resource="nodes" good={r => nodeReady(r.object)} word="ready" />
        <Tile title="Pods" live={pods} group="" resource="pods" good={r => podIsWell(pods, r)} word="well" />
        <Tile title="Deployments" live={deployments} group="apps" resource="deployments" good={r => isComplete(deployments, r)} word="complete" />
        <Tile title="Jobs" live={jobs} group="batch" resource="jobs" good={r => !jobFailed(r.object)} word="not failed" />
      </div>
      {stillReading ? <Loading what="Looking" /> : findings.length === 0
        ? <div class="verdict good"><b>All is well.</b> Every node is ready, and nothing waits, crashes or has failed.</div>
        : <div class="verdict bad"><b>{findings.length === 1 ? 'One thing needs' : `${findings.length} things need`} attention.</b> The worst come first.</div>}
      {findings.length > 0 && (
        <ul class="findings" aria-label="What needs attention">
          {findings.slice(0, mostFindings).map(f => <FindingItem key={f.key} finding={f} />)}
        </ul>
      )}
      <Timeline scope={{ namespace: namespace.value || undefined }} title="Lately" brief />
      <RecentWarnings live={warnings} />
    </div>
  );
}

function FindingItem({ finding: f }: { finding: Finding }) {
  return (
    <li>
      <a href={f.href} class={`finding ${f.tone}`}>
        <Badge tone={f.tone}>{f.what}</Badge>
        <b>{f.name}</b>
        <span class="since">{f.since ? age(f.since) : ''}</span>
        <p>{f.why}</p>
        {f.tail && <pre>{f.tail}</pre>}
      </a>
    </li>
  );
}

function Tile({ title, live, group, resource, good, word }: {
  title: string; live: Live; group: string; resource: string; good: (row: Row) => boolean; word: string;
}) {
  const kind = findResource(group, resource);
  if (!kind || live.phase === 'refused') {
    return null;
  }
  const count = live.rows.length;
  const well = live.rows.filter(good).length;
  return (
    <a class={`tile ${live.phase === 'loading' || count === 0 ? '' : well === count ? 'good' : 'bad'}`} href={listHref(kind)}>
      <span>{title}</span>
      <strong>{live.phase === 'loading' ? '–' : count}</strong>
      <small>{live.phase === 'loading' ? '' : count === 0 ? 'none yet' : `${well} ${word}`}</small>
      <div class="share" aria-hidden="true"><i style={{ width: `${count === 0 ? 0 : (well / count) * 100}%` }} /></div>
    </a>
  );
}

const cell = (live: Live, row: Row, column: string): string =>
  String(row.cells[live.columns.findIndex(c => c.name === column)] ?? '');

const nodeReady = (node: KubeObject) => conditionsOf(node).some(c => c.type === 'Ready' && c.status === 'True');

/** The server's columns tell how a pod is, without its whole object. */
function podIsWell(live: Live, row: Row): boolean {
  const status = cell(live, row, 'Status');
  const [ready, all] = cell(live, row, 'Ready').split('/');
  return status === 'Completed' || status === 'Succeeded' || (status === 'Running' && ready === all);
}

function isComplete(live: Live, row: Row): boolean {
  const [ready, all] = cell(live, row, 'Ready').split('/');
  return ready === all;
}

function nodeFindings(rows: Row[]): Finding[] {
  const kind = findResource('', 'nodes')!;
  return rows.flatMap(({ object: node }) => {
    const wrong = conditionsOf(node).filter(c => (c.type === 'Ready' ? c.status !== 'True' : c.status === 'True'));
    return wrong.map((c): Finding => ({
      key: `${node.metadata.uid}/${c.type}`, tone: 'bad', what: c.type === 'Ready' ? 'Node not ready' : c.type,
      name: node.metadata.name, href: hrefOf(kind, node), why: c.message || c.reason || '', since: c.lastTransitionTime,
    }));
  });
}

const jobFailed = (job: KubeObject) => conditionsOf(job).some(c => c.type === 'Failed' && c.status === 'True');

function jobFindings(rows: Row[]): Finding[] {
  const kind = findResource('batch', 'jobs')!;
  return rows.map(r => r.object).filter(jobFailed).map(job => {
    const failed = conditionsOf(job).find(c => c.type === 'Failed')!;
    return {
      key: job.metadata.uid, tone: 'bad', what: 'Job failed', name: `${job.metadata.namespace}/${job.metadata.name}`,
      href: hrefOf(kind, job), why: failed.message || failed.reason || '', since: failed.lastTransitionTime,
    };
  });
}

function volumeFindings(volumes: FullVolume[]): Finding[] {
  const kind = findResource('', 'persistentvolumeclaims')!;
  return volumes.filter(v => !namespace.value || v.namespace === namespace.value).map(v => ({
    key: `${v.namespace}/${v.claim}/${v.what}`, tone: v.share >= 0.97 ? 'bad' : 'warn', what: 'Volume full', name: `${v.namespace}/${v.claim}`,
    href: objectHref(kind, v.namespace, v.claim), why: `${Math.floor(v.share * 100)} % of its ${v.what} are used.`,
  }));
}

function claimFindings(rows: Row[]): Finding[] {
  const kind = findResource('', 'persistentvolumeclaims')!;
  return rows.map(r => r.object).filter(c => c.status?.phase !== 'Bound').map(claim => ({
    key: claim.metadata.uid, tone: claim.status?.phase === 'Lost' ? 'bad' : 'warn', what: `Claim ${claim.status?.phase ?? 'Pending'}`,
    name: `${claim.metadata.namespace}/${claim.metadata.name}`, href: hrefOf(kind, claim, 'events'),
    why: `Asks for ${claim.spec?.resources?.requests?.storage ?? '?'} of ${claim.spec?.storageClassName || 'no class'}.`,
    since: claim.metadata.creationTimestamp,
  }));
}

/** Deployments that lack pods say so only where no pod of theirs says why. */
function deploymentFindings(live: Live, pods: Finding[]): Finding[] {
  const kind = findResource('apps', 'deployments')!;
  // web-6d4cf56db6-x2x7k is web's, web-api-6d4cf56db6-x2x7k is not.
  const owners = new Set(pods.map(p => p.name.replace(/-[a-z0-9]+-[a-z0-9]+$/, '')));
  const isTold = ({ metadata: m }: KubeObject) => owners.has(`${m.namespace}/${m.name}`);
  return live.rows.filter(r => !isComplete(live, r) && !isTold(r.object)).map(({ object, cells }) => ({
    key: object.metadata.uid, tone: 'warn', what: 'Incomplete', name: `${object.metadata.namespace}/${object.metadata.name}`,
    href: hrefOf(kind, object), why: `Ready: ${String(cells[1] ?? '')}`, since: object.metadata.creationTimestamp,
  }));
}

/** Pods that are not well, with what their own status, the scheduler and their last lines say. */
function useTroubledPods(rows: Row[]): Finding[] {
  const [findings, setFindings] = useState<Finding[]>([]);
  const kind = findResource('', 'pods')!;
  const suspects = rows.filter(r => {
    const [, ready, status] = r.cells.map(String);
    const [have, want] = (ready ?? '').split('/');
    return !(status === 'Completed' || status === 'Succeeded' || (status === 'Running' && have === want));
  });
  // Worst words first, then the oldest.
  suspects.sort((a, b) => order(a) - order(b) || time(a) - time(b));
  const chosen = suspects.slice(0, mostFindings);
  const key = chosen.map(r => `${r.object.metadata.uid}@${r.object.metadata.resourceVersion}`).join();
  useEffect(() => {
    const stop = new AbortController();
    void Promise.all(chosen.map(async row => {
      const { namespace: space, name } = row.object.metadata;
      const pod = await json(pathOf(kind, space, name), { signal: stop.signal }).catch(() => row.object);
      return explain(pod, String(row.cells[2] ?? ''), hrefOf(kind, row.object), stop.signal);
    })).then(found => { if (!stop.signal.aborted) { setFindings(found); } });
    return () => stop.abort();
  }, [key]);
  return chosen.length === 0 ? [] : findings;
}

const time = (row: Row) => Date.parse(row.object.metadata.creationTimestamp ?? '');
const order = (row: Row) => (toneOf(String(row.cells[2])) === 'bad' ? 0 : 1);

async function explain(pod: KubeObject, status: string, href: string, signal: AbortSignal): Promise<Finding> {
  const unscheduled = conditionsOf(pod).find(c => c.type === 'PodScheduled' && c.status === 'False');
  const container = containersOf(pod).find(c => c.status && !c.status.ready && c.sort !== 'ephemeral'
    && c.status.state?.terminated?.exitCode !== 0) ?? containersOf(pod).find(c => c.status && !c.status.ready);
  const state = container?.status?.state ?? {};
  const ended = container?.status?.lastState?.terminated ?? state.terminated;
  const why = unscheduled?.message ?? pod.status?.message ?? state.waiting?.message
    ?? (ended ? `Container ${container!.spec.name} ended with exit code ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}, ${container!.status.restartCount} restarts.`
      : conditionsOf(pod).find(c => c.status === 'False')?.message ?? '');
  const crashes = Boolean(ended) && container !== undefined;
  return {
    key: pod.metadata.uid, tone: toneOf(status) === 'bad' ? 'bad' : 'warn', what: status || 'Pod not ready',
    name: `${pod.metadata.namespace}/${pod.metadata.name}`, href: crashes ? `${href}?tab=logs` : href, why,
    since: pod.metadata.creationTimestamp,
    tail: crashes ? await lastLines(pod, container.spec.name, !state.terminated, signal) : undefined,
  };
}

async function lastLines(pod: KubeObject, container: string, previous: boolean, signal: AbortSignal): Promise<string | undefined> {
  const path = pathOf(findResource('', 'pods')!, pod.metadata.namespace, pod.metadata.name, 'log');
  const parameters = new URLSearchParams({ container, tailLines: '3', limitBytes: '2000', previous: String(previous) });
  return send(`${path}?${parameters}`, { signal }).then(answer => answer.text()).catch(() => undefined);
}

const mostEvents = 12;

function RecentWarnings({ live }: { live: Live }) {
  const when = (event: KubeObject) => event.lastTimestamp ?? event.series?.lastObservedTime ?? event.eventTime ?? event.metadata.creationTimestamp;
  const events = live.rows.map(r => r.object).sort((a, b) => (when(a) < when(b) ? 1 : -1)).slice(0, mostEvents);
  if (live.phase === 'refused') {
    return null;
  }
  return (
    <section class="panel">
      <header><h2>Recent warnings</h2></header>
      {events.length === 0 ? <Empty>None.</Empty> : <EventTable events={events} />}
    </section>
  );
}

export function EventTable({ events }: { events: KubeObject[] }) {
  return (
    <table class="table stack">
      <thead><tr><th>Last seen</th><th>Reason</th><th>Object</th><th>Message</th></tr></thead>
      <tbody>
        {events.map(e => (
          <tr key={e.metadata.uid}>
            <td>{age(e.lastTimestamp ?? e.series?.lastObservedTime ?? e.eventTime ?? e.metadata.creationTimestamp)}{(e.count ?? e.series?.count ?? 1) > 1 ? ` ×${e.count ?? e.series.count}` : ''}</td>
            <td><Badge tone={e.type === 'Warning' ? 'warn' : 'none'}>{e.reason}</Badge></td>
            <td><EventSubject reference={e.involvedObject ?? e.regarding} /></td>
            <td class="wrap">{e.message ?? e.note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EventSubject({ reference: r }: { reference: { kind?: string; name?: string; namespace?: string; apiVersion?: string } | undefined }) {
  const href = referenceHref(r);
  const text = `${r?.kind ?? ''} ${r?.name ?? ''}`;
  return href ? <a href={href}>{text}</a> : <>{text}</>;
}

