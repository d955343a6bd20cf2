import { useMemo } from 'preact/hooks';
import { newestFirst } from '../kernel/events';
import { sourceOf, told } from '../kernel/foresight';
import type { Told } from '../kernel/foresight';
import { findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Live } from '../kernel/live';
import { listHref, namespace } from '../kernel/route';
import { useTally } from '../kernel/tally';
import type { IsWell, Tally } from '../kernel/tally';
import { useFullVolumes } from '../kernel/volumes';
import { Empty, Later, Loading } from '../ui/basics';
import { lazily } from '../ui/lazy';
import { EventTable } from './events';
import {
  Findings, claimFindings, deploymentFindings, isComplete, jobFailed, jobFindings, nodeFindings, nodeReady, podFindings, podIsWell,
  sizeOf, volumeFindings,
} from './findings';

const Timeline = lazily(() => import('./later').then(m => m.Timeline));

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
    ...nodeFindings(nodes.live), ...troubled, ...jobFindings(jobs.live), ...volumeFindings(volumes ?? []), ...claimFindings(claims.live, warnings.live),
    ...deploymentFindings(deployments.live, troubled),
  ], [troubled, nodes.live, jobs.live, volumes, claims.live, warnings.live, deployments.live]);
  const hidden = watched.filter(isRefused);
  const count = sizeOf(findings) + (tally ? tally.count - tally.well - sizeOf(troubled) : 0);
  const isKnown = watched.every(w => isRead(w) || (w === pods && tally !== null)) && volumes !== null;
  return (
    <div class="overview">
      <header class="heading"><h1>{namespace.value ? `Overview of ${namespace.value}` : 'Overview'}</h1></header>
      <div class="tiles">
        <Tile title="Nodes" of={nodes} good={nodeIsReady} say={well => `${well} ready`} />
        <Tile title="Pods" of={pods} tally={tally} good={podIsWell} say={well => `${well} well`} />
        <Tile title="Deployments" of={deployments} good={isComplete} say={well => `${well} complete`} />
        <Tile title="Jobs" of={jobs} good={jobIsWell} say={(well, count) => (well < count ? `${count - well} failed` : 'none failed')} />
      </div>
      <Verdict count={count} isKnown={isKnown} hidden={hidden.map(w => titleOf(w.kind!))} />
      {findings.length > 0 && <Findings findings={findings} count={count} />}
      {(count > 0 || isKnown) && hidden.length < watched.length && (
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
    : hidden.length > 0 ? (
      <div class="verdict">
        <b>Nothing that you may see needs attention.</b>{' '}
        You may not list {hidden.join(', ')}{namespace.value ? '' : ' of all namespaces: name one of yours at the top'}.
      </div>
    )
      : <div class="verdict good"><b>All is well.</b> Every node is ready, and nothing waits, crashes or has failed.</div>;
}

const nodeIsReady: IsWell = (_, row) => nodeReady(row.object);
const jobIsWell: IsWell = (_, row) => !jobFailed(row.object);

function Tile({ title, of: { kind, live }, tally, good, say }: {
  title: string; of: Watched; tally?: Tally | null; good: IsWell; say: (well: number, count: number) => string;
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
      <small>{isLoading ? '' : isCounting ? 'Counting …' : count === 0 ? 'none yet' : say(well, count)}</small>
      <div class="share" aria-hidden="true"><i style={{ width: `${count === 0 ? 0 : (well / count) * 100}%` }} /></div>
    </a>
  );
}

const mostEvents = 12;

function RecentWarnings({ live }: { live: Live }) {
  const events = newestFirst(live.rows.map(r => r.object)).slice(0, mostEvents);
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
