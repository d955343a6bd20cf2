import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { narrow } from './basics';

export interface GridColumn<T> {
  name: string;
  title?: string;
  text: (row: T) => string;
  show?: (row: T) => ComponentChildren;
  /** What rows are sorted by, where the text is not. */
  order?: (row: T) => number | string;
  /** Stays on a phone. */
  essential?: boolean;
}

interface Grid<T> {
  label: string;
  rows: T[];
  columns: GridColumn<T>[];
  keyOf: (row: T) => string;
  hrefOf: (row: T) => string;
  empty: ComponentChildren;
  /** Rows have room for two lines. */
  tall?: boolean;
  /** The column that they are sorted by until somebody chooses another; else they stay as they come. */
  sortedBy?: string;
}

const heightOfRow = 36;
const heightOfTallRow = 52;
const mostSpare = 12;

/** A list of any length: only what is in sight is in the page. */
export function Grid<T>({ label, rows, columns, keyOf, hrefOf, empty, tall, sortedBy }: Grid<T>) {
  const rowHeight = tall ? heightOfTallRow : heightOfRow;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  const [sort, setSort] = useState<{ name: string; down: boolean } | null>(sortedBy ? { name: sortedBy, down: false } : null);
  const [active, setActive] = useState(0);
  // What is beyond the edges is drawn once the rest is seen.
  const [spare, setSpare] = useState(0);
  const shownColumns = narrow.value ? essentials(columns) : columns;

  const sorted = useMemo(() => {
    const column = columns.find(c => c.name === sort?.name);
    return column ? [...rows].sort(comparer(column, sort!.down)) : rows;
  }, [rows, columns, sort]);
  const template = useMemo(() => widths(sorted, shownColumns), [sorted.length > 0, sorted.length > 200, shownColumns]);

  useEffect(() => setSpare(mostSpare), []);
  useLayoutEffect(() => {
    const element = box.current!;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useEffect(() => { setActive(a => Math.min(a, Math.max(0, sorted.length - 1))); }, [sorted.length]);

  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const last = Math.min(sorted.length, Math.ceil((top + height) / rowHeight) + spare);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(sorted.length - 1, to));
    setActive(next);
    const element = box.current!;
    const [above, below] = [next * rowHeight, (next + 2) * rowHeight];
    element.scrollTop = above < element.scrollTop ? above
      : below > element.scrollTop + height ? below - height : element.scrollTop;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height / rowHeight) - 2);
    const steps: Record<string, number> = {
      ArrowDown: active + 1, j: active + 1, ArrowUp: active - 1, k: active - 1, PageDown: active + page,
      PageUp: active - page, Home: 0, End: sorted.length - 1,
    };
    const to = steps[event.key];
    if (to !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      move(to);
    } else if (event.key === 'Enter' && event.target === box.current && sorted[active]) {
      location.hash = hrefOf(sorted[active]);
    }
  };

  return (
    <div class={tall ? 'grid tall' : 'grid'} ref={box} tabIndex={0} role="grid" aria-label={label} aria-rowcount={sorted.length + 1}
      aria-activedescendant={sorted[active] ? `row-${keyOf(sorted[active])}` : undefined}
      onScroll={event => setTop(event.currentTarget.scrollTop)} onKeyDown={onKeyDown}>
      <div class="grid-head" role="row" style={{ gridTemplateColumns: template }}>
        {shownColumns.map(c => (
          <button key={c.name} type="button" role="columnheader" title={c.title}
            aria-sort={sort?.name === c.name ? (sort.down ? 'descending' : 'ascending') : 'none'}
            onClick={() => setSort(s => (s?.name === c.name ? (s.down ? null : { ...s, down: true }) : { name: c.name, down: false }))}>
            {c.name}
          </button>
        ))}
      </div>
      {sorted.length === 0 ? <div class="empty">{empty}</div> : (
        <div class="grid-body" style={{ height: `${sorted.length * rowHeight}px` }}>
          {sorted.slice(first, last).map((row, index) => {
            const place = first + index;
            return (
              <a key={keyOf(row)} id={`row-${keyOf(row)}`} role="row" aria-rowindex={place + 2} href={hrefOf(row)} tabIndex={-1}
                class={place === active ? 'active' : ''} onClick={() => setActive(place)}
                style={{ gridTemplateColumns: template, transform: `translateY(${place * rowHeight}px)` }}>
                {shownColumns.map(c => {
                  const text = c.text(row);
                  return <span key={c.name} role="gridcell" title={text}>{c.show ? c.show(row) : text}</span>;
                })}
              </a>
            );
          })}
        </div>
      )}
    </div>
  );
}

function comparer<T>(column: GridColumn<T>, down: boolean): (a: T, b: T) => number {
  const of = column.order ?? (row => {
    const text = column.text(row);
    return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  });
  const collator = new Intl.Collator('en', { numeric: true });
  const compare = (a: number | string, b: number | string) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(String(a), String(b));
  return (a, b) => (down ? -1 : 1) * compare(of(a), of(b));
}

/** On a phone three columns are many: the name, how it is, and its age. */
function essentials<T>(columns: GridColumn<T>[]): GridColumn<T>[] {
  const kept = columns.filter((c, index) => index === 0 || c.essential);
  return kept.some(c => c.name === 'Status') ? kept.filter(c => c.name !== 'Ready') : kept;
}

/** So wide a column stays, whatever else there is. */
const widest = 21;

/** Each column gets room by what stands in its first rows. */
function widths<T>(rows: T[], columns: GridColumn<T>[]): string {
  const sample = rows.slice(0, 200);
  return columns.map((c, index) => {
    const longest = sample.reduce((most, row) => Math.max(most, c.text(row).length), c.name.length);
    // What is not shown as mere text has a border of its own.
    const size = Math.min(Math.max(longest, narrow.value ? 3 : 5), index === 0 ? 48 : 30) + (index > 0 && c.show ? 7 : 3);
    return index === 0 ? `minmax(${narrow.value ? 10 : Math.min(size, 24)}ch, ${size * 1.6}fr)`
      : narrow.value ? `min(${Math.min(size, widest)}ch, max(16ch, 32vw))` : `minmax(${Math.min(size, widest)}ch, ${size}fr)`;
  }).join(' ');
}
