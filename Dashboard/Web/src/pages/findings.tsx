import { useEffect, useMemo, useState } from 'preact/hooks';
import { json, pathOf, send } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { newestFirst } from '../kernel/events';
import { findResource } from '../kernel/kinds';
import type { Live, Row } from '../kernel/live';
import { hrefOf, namespace, objectHref } from '../kernel/route';
import { conditionsOf, containersOf, toneOf } from '../kernel/status';
import type { Condition, Tone } from '../kernel/status';
import { age } from '../kernel/text';
import type { FullVolume } from '../kernel/volumes';
import { Badge } from '../ui/basics';

/** Something that needs attention. */
export interface Finding {
  key: string;
  tone: Tone;
  what: string;
  name: string;
  href: string;
  why: string;
  since?: string;
  /** How many others are unwell in the same way, and whose they all are. */
  others?: { count: number; owner: string };
  /** Its row knows that a pod is not well; why, the pod itself is asked, once it is among the worst of all. */
  pod?: KubeObject;
}

const mostFindings = 30;

/** How many things they are about. */
export const sizeOf = (findings: Finding[]): number => findings.reduce((sum, f) => sum + 1 + (f.others?.count ?? 0), 0);

/** The worst of all that was found, and how many more there are. */
export function Findings({ findings, count }: { findings: Finding[]; count: number }) {
  const shown = useMemo(() => worstFirst(findings).slice(0, mostFindings), [findings]);
  const rest = count - sizeOf(shown);
  return (
    <>
      <ul class="findings" aria-label="What needs attention">{shown.map(f => <FindingItem key={f.key} finding={f} />)}</ul>
      {rest > 0 && <p class="more">And {rest} more.</p>}
    </>
  );
}

/** Each sort is in its own order already. */
const worstFirst = (findings: Finding[]): Finding[] =>
  [...findings.filter(f => f.tone === 'bad'), ...findings.filter(f => f.tone !== 'bad')];

function FindingItem({ finding }: { finding: Finding }) {
  const f = { ...finding, ...usePodStory(finding.pod) };
  return (
    <li>
      <a href={f.crashes ? `${f.href}?tab=logs` : f.href} class={`finding ${f.tone}`}>
        <Badge tone={f.tone}>{f.what}</Badge>
        <b>{f.name}</b>
        {f.others && <small>and {f.others.count} more of {f.others.owner}</small>}
        <span class="since">{f.since ? age(f.since) : ''}</span>
        <p>{f.why}</p>
        {f.crashes && f.tail && <pre>{f.tail}</pre>}
      </a>
    </li>
  );
}

const cell = (live: Pick<Live, 'columns'>, row: Row, column: string): string =>
  String(row.cells[live.columns.findIndex(c => c.name === column)] ?? '');

export const nodeReady = (node: KubeObject) => conditionsOf(node).some(c => c.type === 'Ready' && c.status === 'True');

/** The server's columns tell how a pod is, without its whole object. */
export function podIsWell(live: Pick<Live, 'columns'>, row: Row): boolean {
  const status = cell(live, row, 'Status');
  const [ready, all] = cell(live, row, 'Ready').split('/');
  return status === 'Completed' || status === 'Succeeded' || (status === 'Running' && ready === all);
}

export function isComplete(live: Pick<Live, 'columns'>, row: Row): boolean {
  const [ready, all] = cell(live, row, 'Ready').split('/');
  return ready === all;
}

export const jobFailed = (job: KubeObject) => conditionsOf(job).some(c => c.type === 'Failed' && c.status === 'True');

export function nodeFindings({ rows }: Live): Finding[] {
  const kind = findResource('', 'nodes')!;
  return rows.flatMap(({ object: node }) => {
    const told = conditionsOf(node);
    const silent: Condition = { type: 'Ready', status: 'Unknown', message: 'The node has not said how it is.', lastTransitionTime: node.metadata.creationTimestamp };
    const all = told.some(c => c.type === 'Ready') ? told : [silent, ...told];
    const wrong = all.filter(c => (c.type === 'Ready' ? c.status !== 'True' : c.status === 'True'));
    return wrong.map((c): Finding => ({
      key: `${node.metadata.uid}/${c.type}`, tone: 'bad', what: c.type === 'Ready' ? 'Node not ready' : c.type,
      name: node.metadata.name, href: hrefOf(kind, node), why: c.message || c.reason || '', since: c.lastTransitionTime,
    }));
  });
}

export function jobFindings({ rows }: Live): Finding[] {
  const kind = findResource('batch', 'jobs')!;
  return rows.map(r => r.object).filter(jobFailed).map(job => {
    const failed = conditionsOf(job).find(c => c.type === 'Failed')!;
    return {
      key: job.metadata.uid, tone: 'bad', what: 'Job failed', name: `${job.metadata.namespace}/${job.metadata.name}`,
      href: hrefOf(kind, job), why: failed.message || failed.reason || '', since: failed.lastTransitionTime,
    };
  });
}

export function volumeFindings(volumes: FullVolume[]): Finding[] {
  const kind = findResource('', 'persistentvolumeclaims')!;
  return volumes.filter(v => !namespace.value || v.namespace === namespace.value).map(v => ({
    key: `${v.namespace}/${v.claim}/${v.what}`, tone: v.share >= 0.97 ? 'bad' : 'warn', what: 'Volume full', name: `${v.namespace}/${v.claim}`,
    href: objectHref(kind, v.namespace, v.claim), why: `${Math.floor(v.share * 100)} % of its ${v.what} are used.`,
  }));
}

/** Why a claim waits its last warning says, if there is one. */
export function claimFindings({ rows }: Live, warnings: Live): Finding[] {
  const kind = findResource('', 'persistentvolumeclaims')!;
  const last = new Map(newestFirst(warnings.rows.map(r => r.object)).reverse().map(e => [e.involvedObject?.uid as string, e.message as string]));
  return rows.map(r => r.object).filter(c => c.status?.phase !== 'Bound').map(claim => ({
    key: claim.metadata.uid, tone: claim.status?.phase === 'Lost' ? 'bad' : 'warn', what: `Claim ${claim.status?.phase ?? 'Pending'}`,
    name: `${claim.metadata.namespace}/${claim.metadata.name}`, href: hrefOf(kind, claim, 'events'),
    why: last.get(claim.metadata.uid)
      ?? `Asks for ${claim.spec?.resources?.requests?.storage ?? '?'} of ${claim.spec?.storageClassName ? `class ${claim.spec.storageClassName}` : 'no class'}.`,
    since: claim.metadata.creationTimestamp,
  }));
}

/** Deployments that lack pods say so only where no pod of theirs says why. */
export function deploymentFindings(live: Live, pods: Finding[]): Finding[] {
  const kind = findResource('apps', 'deployments')!;
  // web-6d4cf56db6-x2x7k is web's, web-api-6d4cf56db6-x2x7k is not.
  const owners = new Set(pods.map(p => p.name.replace(/-[a-z0-9]+-[a-z0-9]+$/, '')));
  const isTold = ({ metadata: m }: KubeObject) => owners.has(`${m.namespace}/${m.name}`);
  return live.rows.filter(r => !isComplete(live, r) && !isTold(r.object)).map(row => ({
    key: row.object.metadata.uid, tone: 'warn', what: 'Incomplete', name: `${row.object.metadata.namespace}/${row.object.metadata.name}`,
    href: hrefOf(kind, row.object), why: `Ready: ${cell(live, row, 'Ready')}`, since: row.object.metadata.creationTimestamp,
  }));
}

/** Pods that are not well, those with the worst words first, then the oldest; of one owner and in one way they are one. */
export function podFindings(live: Live): Finding[] {
  const kind = findResource('', 'pods')!;
  const alike = new Map<string, Row[]>();
  for (const row of live.rows.filter(r => !podIsWell(live, r))) {
    const owner = ownerOf(row);
    const key = owner ? `${owner.uid}/${cell(live, row, 'Status')}` : row.object.metadata.uid;
    const found = alike.get(key);
    if (found) {
      found.push(row);
    } else {
      alike.set(key, [row]);
    }
  }
  return [...alike].map(([key, rows]): Finding => {
    const row = rows.reduce((a, b) => (a.object.metadata.creationTimestamp! <= b.object.metadata.creationTimestamp! ? a : b));
    const { namespace: space, name, creationTimestamp } = row.object.metadata;
    const status = cell(live, row, 'Status');
    const owner = ownerOf(row);
    return {
      key, tone: toneOf(status) === 'bad' ? 'bad' : 'warn', what: status || 'Pod not ready', name: `${space}/${name}`,
      href: hrefOf(kind, row.object), why: '', since: creationTimestamp, pod: live.partial ? undefined : row.object,
      others: owner && rows.length > 1 ? { count: rows.length - 1, owner: `${owner.kind} ${owner.name}` } : undefined,
    };
  }).sort((a, b) => weight(a) - weight(b) || compare(a.since ?? '', b.since ?? ''));
}

const ownerOf = ({ object }: Row) => object.metadata.ownerReferences?.find(r => r.controller);

const weight = (finding: Finding): number => (finding.tone === 'bad' ? 0 : 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Why a pod is not well, and the last lines of what crashed. */
interface Story { why?: string; crashes?: boolean; tail?: string }

/** What a pod's own status, the scheduler and its last lines say. */
function usePodStory(row: KubeObject | undefined): Story {
  const [story, setStory] = useState<Story>({});
  useEffect(() => {
    if (!row) {
      return;
    }
    const stop = new AbortController();
    const tell = (told: Story) => { if (!stop.signal.aborted) { setStory(before => ({ ...before, ...told })); } };
    // A pod that is gone meanwhile, or may not be read, has its row alone.
    json(pathOf(findResource('', 'pods')!, row.metadata.namespace, row.metadata.name), { signal: stop.signal })
      .then(pod => explain(pod, tell, stop.signal), () => undefined);
    return () => stop.abort();
  }, [row?.metadata.resourceVersion]);
  return story;
}

/** The reason first: the last lines come from a node. */
async function explain(pod: KubeObject, tell: (story: Story) => void, signal: AbortSignal): Promise<void> {
  const unscheduled = conditionsOf(pod).find(c => c.type === 'PodScheduled' && c.status === 'False');
  const container = containersOf(pod).find(c => c.status && !c.status.ready && c.sort !== 'ephemeral'
    && c.status.state?.terminated?.exitCode !== 0) ?? containersOf(pod).find(c => c.status && !c.status.ready);
  const state = container?.status?.state ?? {};
  const ended = container?.status?.lastState?.terminated ?? state.terminated;
  const why = unscheduled?.message ?? pod.status?.message ?? state.waiting?.message
    ?? (ended ? `Container ${container!.spec.name} ended with exit code ${ended.exitCode}${ended.reason ? ` (${ended.reason})` : ''}, ${container!.status.restartCount} restarts.`
      : conditionsOf(pod).find(c => c.status === 'False')?.message ?? (pod.spec?.nodeName ? '' : `Waits for the scheduler “${pod.spec?.schedulerName}”.`));
  tell({ why, crashes: Boolean(ended) });
  if (ended) {
    tell({ tail: await lastLines(pod, container!.spec.name, !state.terminated, signal) });
  }
}

async function lastLines(pod: KubeObject, container: string, previous: boolean, signal: AbortSignal): Promise<string> {
  const path = pathOf(findResource('', 'pods')!, pod.metadata.namespace, pod.metadata.name, 'log');
  const parameters = new URLSearchParams({ container, tailLines: '3', limitBytes: '2000', previous: String(previous) });
  return send(`${path}?${parameters}`, { signal }).then(answer => answer.text()).catch(() => '');
}
