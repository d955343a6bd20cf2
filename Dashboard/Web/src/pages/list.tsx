import { useMemo } from 'preact/hooks';
import { pathOf } from '../kernel/api';
import type { Kind } from '../kernel/kinds';
import { titleOf } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Column, Row } from '../kernel/live';
import { mayProbably } from '../kernel/rights';
import { amend, hrefOf, namespace, route, routeKind } from '../kernel/route';
import { toneOf, toneOfFraction } from '../kernel/status';
import { age, bytes, cores, secondsOf } from '../kernel/text';
import { useUsages } from '../kernel/usage';
import type { Usage } from '../kernel/usage';
import { Badge, Confirmed, Empty, Loading, Trouble, narrow } from '../ui/basics';
import { Grid } from '../ui/grid';
import type { GridColumn } from '../ui/grid';

export function ListPage() {
  const kind = routeKind.value;
  return kind ? <Listing key={`${kind.group}/${kind.resource}`} kind={kind} /> : <Empty>The server does not serve this kind.</Empty>;
}

/** Words that both label selectors and people use: `app=web`, `tier!=db`, `env in (a,b)`. */
const looksLikeSelector = (text: string) => /[=!]|\bin\s*\(|\bnotin\s*\(/.test(text);

function Listing({ kind }: { kind: Kind }) {
  const given = route.value.query;
  // The address alone holds the text: a copy of it would lag behind who types fast, and take letters back.
  const text = given.get('q') ?? '';
  const labels = given.get('labels') ?? '';
  const fields = given.get('fields') ?? '';
  const live = useLive({
    path: pathOf(kind, namespace.value || undefined), labels, fields, table: true, watch: kind.verbs.includes('watch'),
  });
  const mayCreate = kind.verbs.includes('create') && mayProbably('create', kind);
  const usages = useUsages(kind, namespace.value || undefined);
  const columns = useMemo(
    () => withUsage(columnsOf(live.columns, kind, namespace.value === ''), usages),
    [live.columns, kind, namespace.value, usages]);
  const wanted = text.toLowerCase();
  const rows = useMemo(() => (wanted === '' ? live.rows : live.rows.filter(row =>
    row.object.metadata.name.toLowerCase().includes(wanted)
    || row.object.metadata.namespace?.includes(wanted)
    || row.cells.some(cell => typeof cell === 'string' && cell.toLowerCase().includes(wanted))
    || Object.entries(row.object.metadata.labels ?? {}).some(([k, v]) => `${k}=${v}`.includes(wanted)))),
  [live.rows, wanted]);
  const all = live.rows.length + live.remaining;

  return (
    <div class="listing">
      <header class="heading">
        <h1>{titleOf(kind)}</h1>
        <span class="count" aria-live="polite">
          {live.phase === 'loading' || live.phase === 'refused' ? '' : rows.length === live.rows.length ? all : `${rows.length} of ${all}`}
          {live.partial && live.phase === 'live' ? ' …' : ''}
        </span>
        {live.phase === 'retrying' && <Badge tone="warn">Reconnecting</Badge>}
        <div class="filters">
          <input data-search type="search" value={text} placeholder="Filter by text  ( / )" aria-label="Filter by text"
            onInput={event => amend({ q: event.currentTarget.value })}
            onKeyDown={event => {
              if (event.key === 'Escape' || event.key === 'ArrowDown') {
                // A search field would empty itself with Escape: the filter stays.
                event.preventDefault();
                document.querySelector<HTMLElement>('.grid')?.focus();
              }
            }} />
          <Selector label="Labels" value={labels} place="app=web,tier!=db" set={value => amend({ labels: value })} />
          <Selector label="Fields" value={fields} place="status.phase=Running" set={value => amend({ fields: value })} />
        </div>
      </header>
      {live.phase === 'refused' && <Trouble error={live.error} />}
      {live.phase === 'loading' ? <Loading /> : live.phase !== 'refused' && (
        <Grid label={titleOf(kind)} tall={isTall(kind, namespace.value === '')} rows={rows} columns={columns} keyOf={row => row.object.metadata.uid ?? row.object.metadata.name}
          hrefOf={row => hrefOf(kind, row.object)} sortedBy={kind.resource === 'events' ? lastSeen : undefined}
          empty={live.rows.length === 0 ? <>{`No ${titleOf(kind)}${namespace.value && kind.namespaced ? ` in ${namespace.value}` : ''}.`}{mayCreate && <> <a href="#/create">Create one</a></>}</>
            : looksLikeSelector(text) ? 'Nothing has this text. Selectors go into the field for labels.' : 'Nothing matches the filter.'} />
      )}
    </div>
  );
}

function Selector({ label, value, place, set }: { label: string; value: string; place: string; set: (value: string) => void }) {
  return (
    <Confirmed class="selector" value={value} placeholder={`${label}: ${place}`} label={`Filter by ${label.toLowerCase()}`} set={set} />
  );
}

const endOfName = 6;
const lastSeen = 'Last Seen';

/** When that was which a cell says to be so long ago. */
function seenAt(row: Row, ago: string): string | undefined {
  const seconds = secondsOf(ago);
  return seconds === undefined ? undefined : new Date((row.at ?? 0) - seconds * 1000).toISOString();
}

const isTall = (kind: Kind, everywhere: boolean): boolean => narrow.value && kind.namespaced && everywhere;
const essential = new Set(['Name', 'Status', 'Ready', 'Age', 'Phase', 'Reason', 'Object']);
const toned = new Set(['Status', 'Phase', 'Ready', 'Type', 'Available']);

function columnsOf(given: Column[], kind: Kind, everywhere: boolean): GridColumn<Row>[] {
  const shown = given.map((column, index) => ({ column, index })).filter(({ column }) => column.priority === 0);
  // Where there is no room for a column of namespaces, names have theirs below them.
  const spaceOf = (row: Row) => (isTall(kind, everywhere) ? row.object.metadata.namespace : undefined);
  const columns = shown.map(({ column, index }): GridColumn<Row> => {
    const plain = (row: Row) => cellText(row.cells[index]);
    if (column.name === 'Age' && column.type !== 'date') {
      return {
        name: column.name, title: column.description, essential: true,
        text: row => age(row.object.metadata.creationTimestamp),
        order: row => -Date.parse(row.object.metadata.creationTimestamp ?? ''),
      };
    }
    if (column.name === lastSeen) {
      const since = (row: Row) => age(seenAt(row, plain(row)), plain(row));
      return {
        name: column.name, title: column.description, text: since, order: row => -Date.parse(seenAt(row, plain(row)) ?? ''),
        show: row => nameCell(since(row), spaceOf(row)),
      };
    }
    const isStatus = toned.has(column.name) && !(column.name === 'Type' && kind.resource !== 'events');
    return {
      name: column.name, title: column.description, text: plain, essential: essential.has(column.name),
      show: index === 0 ? row => nameCell(plain(row), spaceOf(row)) : isStatus ? row => toneCell(plain(row)) : undefined,
    };
  });
  const space: GridColumn<Row> = { name: 'Namespace', text: row => row.object.metadata.namespace ?? '' };
  return kind.namespaced && everywhere ? [columns[0], space, ...columns.slice(1)].filter(c => c !== undefined) : columns;
}

/** What is used stands before the age, where anybody measures. */
function withUsage(columns: GridColumn<Row>[], usages: Map<string, Usage> | null): GridColumn<Row>[] {
  if (!usages) {
    return columns;
  }
  const of = (row: Row) => usages.get(`${row.object.metadata.namespace ?? ''}/${row.object.metadata.name}`);
  const column = (name: string, what: keyof Usage, show: (amount: number) => string): GridColumn<Row> => ({
    name, title: 'Used now', order: row => of(row)?.[what] ?? -1,
    text: row => { const used = of(row); return used ? show(used[what]) : ''; },
  });
  return [...columns.slice(0, -1), column('CPU', 'cpu', cores), column('Memory', 'memory', bytes), ...columns.slice(-1)];
}

const cellText = (cell: unknown): string =>
  cell === null || cell === undefined ? '' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell);

/** Of names that are too long the end stays: it is what tells the pods of one set apart. */
const nameCell = (name: string, space: string | undefined) => (
  <><b><span>{name.slice(0, -endOfName)}</span>{name.slice(-endOfName)}</b>{space && <small>{space}</small>}</>
);

function toneCell(text: string) {
  const fraction = toneOfFraction(text);
  const tone = fraction === 'none' ? toneOf(text) : fraction === 'good' ? 'none' : fraction;
  return tone === 'none' ? text : <Badge tone={tone}>{text}</Badge>;
}
