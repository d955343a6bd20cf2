import { useMemo } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import { sourceOf, told } from '../kernel/foresight';
import type { Told } from '../kernel/foresight';
import { findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Live } from '../kernel/live';
import { listHref, namespace } from '../kernel/route';
import { useTally } from '../kernel/tally';
import type { IsWell, Tally } from '../kernel/tally';
import { age } from '../kernel/text';
import { useFullVolumes } from '../kernel/volumes';
import { Badge, Empty, Later, Loading } from '../ui/basics';
import {
  Findings, claimFindings, deploymentFindings, isComplete, jobFailed, jobFindings, nodeFindings, nodeReady, podFindings, podIsWell,
  volumeFindings,
} from './findings';
import { referenceHref } from './references';
import { Timeline } from './timeline';

interface Watched { kind: Kind | undefined; live: Live }

/** What the overview watches of a kind, if the server has it. */
function useTold(what: Told): Watched {
  const kind = findResource(what.place.group, what.place.resource);
  return { kind, live: useLive(kind ? sourceOf(what, namespace.value) : null) };
}

const isRefused = ({ kind, live }: Watched): boolean => kind !== undefined && live.phase === 'refused';
const isRead = ({ kind, live }: Watched): boolean => kind === undefined || live.phase === 'refused' || !live.partial;

export function Overview() {
  const nodes = useTold(told.nodes);
  const pods = useTold(told.pods);
  const jobs = useTold(told.jobs);
  const claims = useTold(told.claims);
  const deployments = useTold(told.deployments);
  const warnings = useTold(told.warnings);
  const volumes = useFullVolumes(
    nodes.live.rows.map(r => r.object.metadata.name), claims.live.rows.some(r => r.object.status?.phase === 'Bound'));
  const tally = useTally(sourceOf(told.pods, namespace.value), pods.live, podIsWell);
  const watched = [pods, nodes, deployments, jobs, claims];
  const troubled = useMemo(() => podFindings(pods.live), [pods.live]);
  const findings = useMemo(() => [
    ...nodeFindings(nodes.live), ...troubled, ...jobFindings(jobs.live), ...volumeFindings(volumes ?? []), ...claimFindings(claims.live),
    ...deploymentFindings(deployments.live, troubled),
  ], [troubled, nodes.live, jobs.live, volumes, claims.live, deployments.live]);
  const count = findings.length + (tally ? tally.count - tally.well - troubled.length : 0);
  const isKnown = watched.every(w => isRead(w) || (w === pods && tally !== null)) && volumes !== null;
  return (
    <div class="overview">
      <header class="heading"><h1>{namespace.value ? `Overview of ${namespace.value}` : 'Overview'}</h1></header>
      <div class="tiles">
        <Tile title="Nodes" of={nodes} good={nodeIsReady} word="ready" />
        <Tile title="Pods" of={pods} tally={tally} good={podIsWell} word="well" />
        <Tile title="Deployments" of={deployments} good={isComplete} word="complete" />
        <Tile title="Jobs" of={jobs} good={jobIsWell} word="not failed" />
      </div>
      <Verdict count={count} isKnown={isKnown} hidden={watched.filter(isRefused).map(w => titleOf(w.kind!))} />
      {findings.length > 0 && <Findings findings={findings} count={count} />}
      {(count > 0 || isKnown) && (
        <Later>
          <Timeline scope={{ namespace: namespace.value || undefined }} title="Timeline" brief />
          <RecentWarnings live={warnings.live} />
        </Later>
      )}
    </div>
  );
}

/** What is wrong is said as soon as it is known; that nothing is, when everything has been seen. */
function Verdict({ count, isKnown, hidden }: { count: number; isKnown: boolean; hidden: string[] }) {
  return count > 0 ? (
    <div class="verdict bad">
      <b>{count === 1 ? 'One thing needs' : `${count} things need`} attention{isKnown ? '' : ' so far'}.</b> The worst come first.
    </div>
  ) : !isKnown ? <Loading what="Looking" />
    : hidden.length > 0 ? <div class="verdict"><b>Nothing that you may see needs attention.</b> You may not list {hidden.join(', ')}.</div>
      : <div class="verdict good"><b>All is well.</b> Every node is ready, and nothing waits, crashes or has failed.</div>;
}

const nodeIsReady: IsWell = (_, row) => nodeReady(row.object);
const jobIsWell: IsWell = (_, row) => !jobFailed(row.object);

function Tile({ title, of: { kind, live }, tally, good, word }: {
  title: string; of: Watched; tally?: Tally | null; good: IsWell; word: string;
}) {
  const ofRead = useMemo(() => ({ count: live.rows.length, well: live.rows.filter(row => good(live, row)).length }), [live.rows]);
  const { count, well } = tally ?? ofRead;
  if (!kind || live.phase === 'refused') {
    return null;
  }
  const isLoading = live.phase === 'loading';
  const isCounting = live.partial && !tally;
  const tone = well < count ? 'bad' : isCounting || count === 0 ? '' : 'good';
  return (
    <a class={`tile ${tone}`} href={listHref(kind)}>
      <span>{title}</span>
      <strong>{isLoading ? '–' : isCounting ? count + live.remaining : count}</strong>
      <small>{isLoading ? '' : isCounting ? 'Counting …' : count === 0 ? 'none yet' : `${well} ${word}`}</small>
      <div class="share" aria-hidden="true"><i style={{ width: `${count === 0 ? 0 : (well / count) * 100}%` }} /></div>
    </a>
  );
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
