import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Lane, Mark } from '../kernel/marks';
import type { Stretch } from '../kernel/timeline';
import type { Tone } from '../kernel/status';
import { clock, dayAndMonth, timeOfDay } from '../kernel/text';
import { narrow } from './basics';

export const lanes: { id: Lane; title: string }[] = [
  { id: 'events', title: 'Events' }, { id: 'rollouts', title: 'Rollouts' }, { id: 'restarts', title: 'Restarts' },
  { id: 'conditions', title: 'Conditions' },
];

const markSize = 13;
const rowHeight = 16;
const mostRows = 5;
const axisHeight = 24;
const leastDrag = 8;

/** A mark with its place, or several that lie too close to be told apart. */
interface Glyph { marks: Mark[]; lane: Lane; x: number; y: number }

const shapes: Record<Lane, string> = {
  events: 'M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z', rollouts: 'M0-6 6 0 0 6-6 0Z', restarts: 'M0-5.5 6 5H-6Z', conditions: 'M-4.5-4.5h9v9h-9Z',
};

/** Of several marks, with their number in it. */
const shapeOfMany = 'M-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0Z';

const tonesByWeight: Tone[] = ['bad', 'warn', 'info', 'good', 'none'];
const worst = (marks: Mark[]): Tone => tonesByWeight.find(t => marks.some(m => m.tone === t)) ?? 'none';

/** Puts the marks of each lane side by side, in rows where they would cover each other, and what finds no room together. */
function place(marks: Mark[], stretch: Stretch, left: number, width: number): { glyphs: Glyph[]; bands: { lane: Lane; y: number; height: number }[]; height: number } {
  const titleHeight = narrow.value ? 16 : 0;
  const glyphs: Glyph[] = [];
  const bands: { lane: Lane; y: number; height: number }[] = [];
  let y = axisHeight;
  for (const { id } of lanes) {
    const rows: Glyph[] = [];
    for (const mark of marks.filter(m => m.lane === id)) {
      const x = left + ((mark.time - stretch.from) / (stretch.to - stretch.from)) * width;
      const free = rows.findIndex(last => last.x + markSize <= x);
      const row = free >= 0 ? free : rows.length;
      if (row === mostRows) {
        rows[mostRows - 1]!.marks.push(mark);
        continue;
      }
      rows[row] = { marks: [mark], lane: id, x, y: y + titleHeight + row * rowHeight + rowHeight / 2 + 4 };
      glyphs.push(rows[row]!);
    }
    const height = titleHeight + Math.max(1, Math.min(rows.length, mostRows)) * rowHeight + 8;
    bands.push({ lane: id, y, height });
    y += height;
  }
  return { glyphs, bands, height: y };
}

const steps = [60, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400, 172_800].map(s => s * 1000);
const roomOfTick = 74;

/** Round times of this place, as many as there is room for. */
function ticksOf(stretch: Stretch, width: number): { time: number; text: string }[] {
  const length = stretch.to - stretch.from;
  const step = steps.find(s => (length / s) * roomOfTick <= width) ?? steps.at(-1)!;
  const shift = new Date(stretch.from).getTimezoneOffset() * 60_000;
  const ticks: { time: number; text: string }[] = [];
  for (let time = Math.ceil((stretch.from - shift) / step) * step + shift; time <= stretch.to; time += step) {
    const at = new Date(time);
    const isDay = at.getHours() === 0 && at.getMinutes() === 0;
    ticks.push({ time, text: isDay ? dayAndMonth(at) : timeOfDay(at) });
  }
  return ticks;
}

const nameOf = ({ marks }: Glyph): string =>
  marks.length === 1 ? `${marks[0]!.title}, ${marks[0]!.about}, ${clock(marks[0]!.time)}`
    : `${marks.length} marks from ${clock(marks[0]!.time)} on: zoom in`;

/**
 * Marks over time, in a lane for each sort. One Tab leads into it, arrows from mark to mark, Enter to its object; + and -
 * and dragging zoom.
 */
export function Axis({ marks, stretch, zoom, tell }: {
  marks: Mark[]; stretch: Stretch; zoom: (stretch: Stretch) => void; tell: (mark: Mark | undefined) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [active, setActive] = useState<string>();
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width));
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, []);
  const left = narrow.value ? 8 : 96;
  const plot = Math.max(60, width - left - 10);
  const { glyphs, bands, height } = useMemo(() => place(marks, stretch, left, plot), [marks, stretch.from, stretch.to, left, plot]);
  const timeAt = (x: number) => stretch.from + (Math.min(Math.max(x - left, 0), plot) / plot) * (stretch.to - stretch.from);
  const current = glyphs.find(g => g.marks[0]!.key === active) ?? glyphs.at(-1);

  const around = (factor: number) => {
    const middle = current?.marks[0]!.time ?? (stretch.from + stretch.to) / 2;
    const half = ((stretch.to - stretch.from) * factor) / 2;
    zoom({ from: middle - half, to: middle + half });
  };
  const zoomInto = (glyph: Glyph) => zoom({ from: glyph.marks[0]!.time - 15_000, to: glyph.marks.at(-1)!.time + 15_000 });
  const focus = (glyph: Glyph | undefined) => {
    if (glyph) {
      setActive(glyph.marks[0]!.key);
      box.current?.querySelector<SVGElement>(`[data-mark="${CSS.escape(glyph.marks[0]!.key)}"]`)?.focus();
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const inTime = [...glyphs].sort((a, b) => a.x - b.x);
    const at = inTime.indexOf(current!);
    const beside = (step: number) => {
      const ids = lanes.map(l => l.id);
      for (let lane = ids.indexOf(current!.lane) + step; lane >= 0 && lane < ids.length; lane += step) {
        const there = glyphs.filter(g => g.lane === ids[lane]);
        if (there.length > 0) {
          return there.reduce((a, b) => (Math.abs(b.x - current!.x) < Math.abs(a.x - current!.x) ? b : a));
        }
      }
      return undefined;
    };
    const keys: Record<string, () => void> = {
      ArrowRight: () => focus(inTime[at + 1]), ArrowLeft: () => focus(inTime[at - 1]), Home: () => focus(inTime[0]),
      End: () => focus(inTime.at(-1)), ArrowDown: () => focus(beside(1)), ArrowUp: () => focus(beside(-1)),
      '+': () => around(0.5), '-': () => around(2),
    };
    if (keys[event.key] && current && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      keys[event.key]!();
    }
  };
  const placeOf = (event: PointerEvent) => event.clientX - box.current!.getBoundingClientRect().left;
  const onDown = (event: PointerEvent) => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    setDrag({ from: placeOf(event), to: placeOf(event) });
  };
  const onUp = () => {
    if (drag && Math.abs(drag.to - drag.from) > leastDrag) {
      zoom({ from: timeAt(Math.min(drag.from, drag.to)), to: timeAt(Math.max(drag.from, drag.to)) });
    }
    setDrag(null);
  };

  return (
    <div class="axis" ref={box}>
      <svg width={width} height={height} role="group" aria-label="What happened, over time; the list below has the same" onKeyDown={onKeyDown}>
        {bands.map((band, index) => (
          <rect key={band.lane} class={index % 2 ? 'band odd' : 'band'} x="0" y={band.y} width={width} height={band.height} />
        ))}
        {ticksOf(stretch, plot).map(tick => {
          const x = left + ((tick.time - stretch.from) / (stretch.to - stretch.from)) * plot;
          return <g key={tick.time} aria-hidden="true"><line class="tick" x1={x} x2={x} y1={axisHeight - 4} y2={height} /><text class="time" x={x} y="14">{tick.text}</text></g>;
        })}
        {bands.map((band, index) => (
          <text key={band.lane} class={index % 2 ? 'lane odd' : 'lane'} x="8" y={narrow.value ? band.y + 13 : band.y + band.height / 2 + 4}>{lanes[index]!.title}</text>
        ))}
        <rect class="catch" x={left} y="0" width={plot} height={height} onPointerDown={onDown} onPointerUp={onUp}
          onPointerMove={event => { if (drag) { setDrag({ ...drag, to: placeOf(event) }); } }} onPointerCancel={() => setDrag(null)} />
        {drag && <rect class="drag" x={Math.min(drag.from, drag.to)} y="0" width={Math.abs(drag.to - drag.from)} height={height} />}
        {glyphs.map(glyph => {
          const [mark] = glyph.marks as [Mark];
          const isMany = glyph.marks.length > 1;
          return (
            <a key={mark.key} data-mark={mark.key} class={`mark-of ${worst(glyph.marks)}`} href={isMany ? undefined : mark.href} role={isMany ? 'button' : undefined}
              tabIndex={glyph === current ? 0 : -1} aria-label={nameOf(glyph)}
              onFocus={() => { setActive(mark.key); tell(mark); }} onMouseEnter={() => tell(mark)}
              onClick={() => { if (isMany) { zoomInto(glyph); } }}
              onKeyDown={event => { if (isMany && event.key === 'Enter') { zoomInto(glyph); } }}>
              <title>{nameOf(glyph)}</title>
              <g transform={`translate(${glyph.x} ${glyph.y})`}>
                <path d={isMany ? shapeOfMany : shapes[glyph.lane]} />
                {isMany && <text class="many" y="3.5">{glyph.marks.length > 99 ? '…' : glyph.marks.length}</text>}
              </g>
            </a>
          );
        })}
      </svg>
    </div>
  );
}
