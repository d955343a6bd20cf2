import { useMemo, useState } from 'preact/hooks';
import { findResource } from '../kernel/kinds';
import { figures, last, mean, momentsOf, most, usePast } from '../kernel/past';
import type { Figure, Question, Series } from '../kernel/past';
import { amend, namespace, objectHref, route } from '../kernel/route';
import { Empty, Loading, Panel, Trouble, narrow } from '../ui/basics';
import { Chart, colourOf } from '../ui/chart';
import { nameOf, SpanChoice, spanOf, zoomTo } from './measures';

const groups: Record<string, { title: string; by: string }> = {
  pod: { title: 'Pods', by: 'pod' },
  owner: { title: 'Workloads', by: 'owner' },
  namespace: { title: 'Namespaces', by: 'namespace' },
  node: { title: 'Nodes', by: 'container' },
};

const mostRows = 50;
const mostLines = 10;

const keyOf = (series: Series): string => `${series.namespace ?? ''}/${series.name ?? ''}`;

/** Who used the most, and when: of pods, workloads, namespaces or nodes; chosen ones are compared. */
export function MetricsPage() {
  const { query } = route.value;
  const group = query.get('of') && groups[query.get('of')!] ? query.get('of')! : 'pod';
  const figure = (query.get('figure') ?? 'cpuCores') as Figure;
  const { title, show, unit, topBy } = figures[figure] ?? figures.cpuCores;
  const question: Question = {
    nodes: group === 'node', namespace: namespace.value || undefined, by: groups[group]!.by, top: mostRows, topBy,
  };
  const { past, error } = usePast(question, spanOf());
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const rows = useMemo(() => (past?.series ?? []).filter(s => s[figure]), [past, figure]);
  const picked = rows.filter(s => chosen.has(keyOf(s)));
  const drawn = (picked.length > 0 ? picked : rows).slice(0, mostLines);
  const lines = useMemo(() => drawn.map(s => ({ label: titleOf(s, group), values: s[figure]! })), [rows, chosen, figure]);
  const toggle = (key: string) => {
    const next = new Set(chosen);
    if (!next.delete(key)) {
      next.add(key);
    }
    setChosen(next);
  };
  return (
    <div>
      <header class="heading">
        <h1>Metrics</h1>
        <div class="filters">
          <select aria-label="Of" value={group} onChange={e => { setChosen(new Set()); amend({ of: e.currentTarget.value }); }}>
            {Object.entries(groups).map(([id, g]) => <option key={id} value={id}>{g.title}</option>)}
          </select>
          <select aria-label="Figure" value={figure} onChange={e => amend({ figure: e.currentTarget.value })}>
            {Object.entries(figures).map(([id, f]) => <option key={id} value={id}>{f.title}</option>)}
          </select>
          <SpanChoice />
        </div>
      </header>
      <Trouble error={error} />
      {!past ? !error && <Loading what="Reading" />
        : rows.length === 0 ? <Empty>Nothing was measured in that time.</Empty> : (
          <>
            <Panel title={title} aside={<span class="count">{picked.length > 0 ? 'those chosen' : drawn.length < rows.length ? `the ${drawn.length} that used the most` : ''}</span>}>
              <Chart label={`${title} of ${groups[group]!.title}`} moments={momentsOf(past)} lines={lines} show={show} unit={unit} zoom={zoomTo} />
            </Panel>
            <div class="panel">
              {past.truncated && <div class="note warn">There are more than fit: choose a namespace, or a shorter time.</div>}
              <table class="table">
                <thead>
                  <tr>
                    <th>{narrow.value ? '' : 'Compare'}</th><th>Name</th>{!narrow.value && <th>Namespace</th>}
                    <th class="number">Now</th>{!narrow.value && <th class="number">Mean</th>}<th class="number">Peak</th>
                  </tr>
                </thead>
                <tbody>
                  {rows.map(s => {
                    const [key, at] = [keyOf(s), drawn.indexOf(s)];
                    const values = s[figure];
                    const shown = (value: number | undefined) => (value === undefined ? '–' : show(value));
                    return (
                      <tr key={key}>
                        <td><label class="pick">
                          <input type="checkbox" checked={chosen.has(key)} onChange={() => toggle(key)} aria-label={`Compare ${titleOf(s, group)}`} />
                          <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">{at >= 0 && <rect width="10" height="10" rx="2" fill={colourOf(at)} />}</svg>
                        </label></td>
                        <td class="wrap"><Name series={s} group={group} /></td>
                        {!narrow.value && <td>{group === 'node' ? '' : s.namespace}</td>}
                        <td class="number">{shown(last(values))}</td>
                        {!narrow.value && <td class="number">{shown(mean(values))}</td>}
                        <td class="number">{shown(most(values))}</td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          </>
        )}
    </div>
  );
}

const titleOf = (series: Series, group: string): string =>
  group === 'namespace' ? series.namespace ?? '' : nameOf(series);

const resources: Record<string, [string, string]> = {
  Deployment: ['apps', 'deployments'], StatefulSet: ['apps', 'statefulsets'], DaemonSet: ['apps', 'daemonsets'],
  ReplicaSet: ['apps', 'replicasets'], Job: ['batch', 'jobs'], CronJob: ['batch', 'cronjobs'], Pod: ['', 'pods'],
  ReplicationController: ['', 'replicationcontrollers'],
};

/** Leads to the charts of what a row is about. */
function Name({ series, group }: { series: Series; group: string }) {
  const [kind, name] = group === 'owner' ? (series.name ?? '').split('/') : [group === 'pod' ? 'Pod' : '', series.name];
  const [apiGroup, resource] = group === 'namespace' ? ['', 'namespaces'] : group === 'node' ? ['', 'nodes'] : resources[kind!] ?? [];
  const found = resource === undefined ? undefined : findResource(apiGroup!, resource);
  const title = titleOf(series, group);
  return found
    ? <a href={objectHref(found, found.namespaced ? series.namespace : undefined, group === 'namespace' ? series.namespace! : name!, 'metrics')}>{title}</a>
    : <>{title}</>;
}
