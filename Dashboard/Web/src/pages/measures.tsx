import type { KubeObject } from '../kernel/api';
import type { Kind } from '../kernel/kinds';
import { amend, route } from '../kernel/route';
import { containersOf } from '../kernel/status';
import { clock, quantity } from '../kernel/text';
import { figures, momentsOf, spans, usePast } from '../kernel/past';
import type { Figure, Past, Question, Series, Span } from '../kernel/past';
import { Button, Empty, Loading, Panel, Trouble } from '../ui/basics';
import { Chart } from '../ui/chart';
import type { Line } from '../ui/chart';

/** The time that the address names. */
export function spanOf(): Span {
  const { query } = route.value;
  const [from, to] = [query.get('from') ?? undefined, query.get('to') ?? undefined];
  return from && to ? { from, to } : { ago: Number(query.get('ago')) || 3600 };
}

export const zoomTo = (from: number, to: number): void => {
  const text = (moment: number) => new Date(Math.round(moment) * 1000).toISOString().replace('.000', '');
  amend({ from: text(from), to: text(Math.max(to, from + 60)) });
};

export function SpanChoice() {
  const span = spanOf();
  return (
    <>
      {span.from && <span class="count">{clock(span.from)} – {clock(span.to)}</span>}
      {span.from && <Button onClick={() => amend({ from: '', to: '' })}>Back to now</Button>}
      <select aria-label="Time" value={span.from ? '' : String(span.ago)}
        onChange={e => amend({ from: '', to: '', ago: e.currentTarget.value })}>
        {span.from && <option value="">Chosen span</option>}
        {spans.map(([title, seconds]) => <option key={seconds} value={seconds}>Last {title}</option>)}
      </select>
    </>
  );
}

/** What of the past concerns an object; null for kinds that use nothing. */
export function questionOf(kind: Kind, object: KubeObject): Question | null {
  const { name, namespace } = object.metadata;
  switch (kind.kind) {
    case 'Pod': return { namespace, name, by: 'container' };
    case 'Node': return { nodes: true, name };
    case 'Namespace': return { namespace: name, by: 'owner', top: 8 };
    case 'Deployment': case 'StatefulSet': case 'DaemonSet': case 'ReplicaSet': case 'Job': case 'CronJob':
    case 'ReplicationController':
      return { namespace, owner: `${kind.kind}/${name}`, by: 'pod', top: 10 };
    default: return null;
  }
}

const onlyOfWholePods: Figure[] = ['networkReceivedPerSecond', 'networkSentPerSecond'];

/** Charts of everything that is measured of an object, against what it asked for and may have. */
export function Measures({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { past, error } = usePast(questionOf(kind, object), spanOf());
  return (
    <>
      <div class="toolbar"><div class="filters"><SpanChoice /></div></div>
      <Trouble error={error} />
      {!past ? !error && <Loading what="Reading" />
        : past.series.length === 0 ? <Empty>Nothing was measured in that time.</Empty> : (
          <div class="charts">
            {(Object.keys(figures) as Figure[]).map(figure => (
              <One key={figure} figure={figure} past={past} bounds={boundsOf(kind, object, figure)} isPod={kind.kind === 'Pod'} />
            ))}
          </div>
        )}
    </>
  );
}

function One({ figure, past, bounds, isPod }: { figure: Figure; past: Past; bounds: [string, number][]; isPod: boolean }) {
  const wanted = past.series.filter(s => s[figure] && (!isPod || !!s.container !== onlyOfWholePods.includes(figure)));
  if (wanted.length === 0) {
    return null;
  }
  const { title, show, unit } = figures[figure];
  return (
    <Panel title={title}>
      <Chart label={title} moments={momentsOf(past)} show={show} unit={unit} zoom={zoomTo} lines={[
        ...wanted.map(s => ({ label: nameOf(s), values: s[figure]! })),
        ...bounds.map(([label, value]): Line => ({ label, dashed: true, values: new Array<number>(past.points).fill(value) })),
      ]} />
    </Panel>
  );
}

export const nameOf = (series: Series): string =>
  series.container || series.name || (series.namespace ?? '');

/** Lines that use is held against: of a pod all of its containers together. */
function boundsOf(kind: Kind, object: KubeObject, figure: Figure): [string, number][] {
  const what = figure === 'cpuCores' ? 'cpu' : figure === 'memoryBytes' ? 'memory' : null;
  if (!what) {
    return [];
  }
  if (kind.kind === 'Node') {
    return [['Allocatable', quantity(object.status?.allocatable?.[what])]];
  }
  const specs: { resources?: { requests?: Record<string, string>; limits?: Record<string, string> } }[] =
    kind.kind === 'Pod' ? containersOf(object).map(c => c.spec) : object.spec?.template?.spec?.containers ?? [];
  const sum = (which: 'requests' | 'limits') =>
    specs.reduce((total, spec) => total + quantity(spec.resources?.[which]?.[what]), 0);
  const bounds: [string, number][] = [['Requests', sum('requests')], ['Limits', sum('limits')]];
  return bounds.filter(([, value]) => value > 0);
}
