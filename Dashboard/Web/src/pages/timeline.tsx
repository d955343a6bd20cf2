import { useMemo, useState } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import type { Kind } from '../kernel/kinds';
import type { Mark } from '../kernel/marks';
import { amend, namespace, route } from '../kernel/route';
import { age, clock, now, serverTime } from '../kernel/text';
import { useMarks } from '../kernel/timeline';
import type { Scope, Stretch } from '../kernel/timeline';
import { Axis, lanes } from '../ui/axis';
import { Badge, Button, Empty, Loading, Panel, Switch, narrow } from '../ui/basics';
import { spanOf, zoomTo } from './measures';

const spans: [string, number][] = [['1 h', 3600], ['6 h', 21_600], ['24 h', 86_400], ['7 d', 604_800]];
const shortest = 60_000;
const longest = 604_800_000;
const mostListed = 200;

/** The time that the address names, as far as a timeline goes. */
function stretchOf(): Stretch {
  const { ago, from, to } = spanOf();
  const end = Math.min(to ? Date.parse(to) : now.value, now.value);
  const start = from ? Date.parse(from) : end - Math.min((ago ?? 3600) * 1000, longest);
  return { from: Math.min(start, end - shortest), to: end };
}

/** No shorter than a minute, no longer than a week, and nothing that is still to come. */
function zoom({ from, to }: Stretch): void {
  const length = Math.min(Math.max(to - from, shortest), longest);
  const end = Math.min((from + to) / 2 + length / 2, serverTime());
  zoomTo((end - length) / 1000, end / 1000);
}

export function TimelinePage() {
  return (
    <div>
      <header class="heading"><h1>Timeline</h1><span class="count">{namespace.value ? `of ${namespace.value}` : 'of all namespaces'}</span></header>
      <Timeline scope={{ namespace: namespace.value || undefined }} />
    </div>
  );
}

export const ObjectTimeline = ({ kind, object }: { kind: Kind; object: KubeObject }) => <Timeline scope={{ kind, object }} />;

/** Events, rollouts, restarts and conditions on one axis, and the same as a list. */
export function Timeline({ scope, title = 'What happened', brief }: { scope: Scope; title?: string; brief?: boolean }) {
  const asked = route.value.query.get('events');
  // Of a whole cluster the warnings are many already.
  const allEvents = asked ? asked === 'all' : Boolean(scope.namespace ?? scope.object);
  const stretch = stretchOf();
  const { marks, isLoading, isCut } = useMarks(scope, stretch, allEvents);
  const [told, setTold] = useState<Mark>();
  const span = spanOf();
  return (
    <>
      <Panel title={title} aside={(
        <div class="spans" role="group" aria-label="Time">
          {span.from && <Button look="quiet" onClick={() => amend({ from: '', to: '' })}>Back to now</Button>}
          {spans.map(([name, seconds]) => (
            <button key={seconds} type="button" aria-pressed={!span.from && span.ago === seconds}
              onClick={() => amend({ from: '', to: '', ago: String(seconds) })}>{name}</button>
          ))}
        </div>
      )}>
        <Axis marks={marks} stretch={stretch} zoom={zoom} tell={setTold} />
        <p class="told"><span>
          {told ? <><b>{told.title}</b> {told.about} · {clock(told.time)}{told.text && ` · ${told.text}`}</>
            : isLoading ? 'Reading …' : marks.length === 0 ? 'Nothing happened in this time.' : `${clock(stretch.from)} – ${clock(stretch.to)}`}
        </span>{brief && <a href="#/timeline">Open the timeline</a>}</p>
      </Panel>
      {!brief && (
        <>
          <Switch title="Normal events, too" on={allEvents} set={on => amend({ events: on ? 'all' : 'warnings' })} />
          {isLoading && marks.length === 0 ? <Loading /> : <MarkList marks={marks} isCut={isCut} />}
        </>
      )}
    </>
  );
}

function MarkList({ marks, isCut }: { marks: Mark[]; isCut: boolean }) {
  const shown = useMemo(() => marks.slice(-mostListed).reverse(), [marks]);
  const titles = Object.fromEntries(lanes.map(l => [l.id, l.title]));
  if (marks.length === 0) {
    return <Empty>Nothing happened in this time.</Empty>;
  }
  return (
    <div class="panel listed">
      {(isCut || marks.length > mostListed) && <div class="note warn">There is more than is shown: choose a shorter time.</div>}
      <table class="table" aria-label="What happened, the newest first">
        <thead><tr><th>When</th><th>What</th>{!narrow.value && <><th>Object</th><th>Message</th><th>Type</th></>}</tr></thead>
        <tbody>
          {shown.map(m => {
            const when = new Date(m.time).toISOString();
            const about = m.href ? <a href={m.href}>{m.about}</a> : m.about;
            return (
              <tr key={m.key}>
                <td title={clock(when)}>{age(when)} ago</td>
                {narrow.value ? <td class="wrap"><Badge tone={m.tone}>{m.title}</Badge> {about}<br />{m.text}</td> : (
                  <>
                    <td><Badge tone={m.tone}>{m.title}</Badge></td>
                    <td class="wrap">{about}</td>
                    <td class="wrap">{m.text}</td>
                    <td>{titles[m.lane]}</td>
                  </>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
