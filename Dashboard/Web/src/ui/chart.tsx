import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Unit } from '../kernel/past';
import { clock, dayAndMonth, timeOfDay } from '../kernel/text';
import { theme } from './shell';

export interface Line { label: string; values: (number | null)[]; dashed?: boolean }

const height = 220;

/** Told apart in both themes; the dashed lines of bounds are grey. */
const colours = ['#4f7df3', '#e0872f', '#2fa36b', '#c0519f', '#8a6df0', '#c9a227', '#2f9fb8', '#d2565b', '#7a8a3a', '#8f7361'];
export const colourOf = (index: number): string => colours[index % colours.length]!;

/** Lines over time. Dragging along it chooses a span; uPlot is loaded with the first chart. */
export function Chart({ moments, lines, show, unit, zoom, label }: {
  moments: number[]; lines: Line[]; show: (value: number) => string; unit: Unit; zoom?: (from: number, to: number) => void; label: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>();
  const shape = JSON.stringify([lines.map(l => [l.label, l.dashed]), theme()]);
  const data = () => [moments, ...lines.map(l => l.values)] as uPlot.AlignedData;
  const zoomed = useRef(zoom);
  zoomed.current = zoom;
  useEffect(() => {
    let gone = false;
    const resize = new ResizeObserver(([entry]) => plot.current?.setSize({ width: entry!.contentRect.width, height }));
    void import('uplot').then(({ default: Plot }) => {
      if (gone || !box.current) {
        return;
      }
      plot.current = new Plot(optionsOf(lines, show, unit, box.current.clientWidth, (from, to) => zoomed.current?.(from, to)), data(), box.current);
      resize.observe(box.current);
    });
    return () => { gone = true; resize.disconnect(); plot.current?.destroy(); plot.current = undefined; };
  }, [shape]);
  useEffect(() => { plot.current?.setData(data()); }, [moments, lines]);
  return (
    <figure class="chart" aria-label={label}>
      <div ref={box} />
      <figcaption class="hidden">{label}</figcaption>
    </figure>
  );
}

const fewPoints = 12;

const powers = (base: number, count: number) => Array.from({ length: count }, (_, i) => base ** i);

/** Distances of the lines across: round numbers of what is counted. */
const incrementsOf: Record<Unit, number[]> = {
  bytes: powers(2, 50), whole: powers(10, 10).flatMap(n => [n, 2 * n, 5 * n]), decimal: powers(10, 12).flatMap(n => [n, 2 * n, 5 * n]).map(n => n / 1000),
};

const day = 86_400;

/** As all other times are written, by the clock of this place. */
function timeOf(moment: number, step: number): string {
  const time = new Date(moment * 1000);
  return step >= day ? dayAndMonth(time) : timeOfDay(time);
}

function optionsOf(
  lines: Line[], show: (value: number) => string, unit: Unit, width: number, zoom: (from: number, to: number) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [text, grid] = [style.getPropertyValue('--faint').trim(), style.getPropertyValue('--line').trim()];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width, height,
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false } },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
    axes: [{ ...axis, values: (_, moments, __, ___, step) => moments.map(m => timeOf(m, step)) }, { ...axis, size: 74, incrs: incrementsOf[unit], values: (_, marks) => marks.map(show) }],
    series: [
      { value: (_, moment) => (moment === null ? '' : clock(moment * 1000)) },
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: line.dashed ? text : colourOf(index),
        width: line.dashed ? 1 : 1.75,
        dash: line.dashed ? [6, 4] : undefined,
        // A few points are no line yet.
        points: { show: (plot: uPlot, index: number) => !line.dashed && (plot.data[index] as (number | null)[]).filter(v => v !== null).length < fewPoints, size: 5 },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : show(value)),
      })),
    ],
    hooks: {
      setSelect: [plot => {
        if (plot.select.width > 8) {
          zoom(plot.posToVal(plot.select.left, 'x'), plot.posToVal(plot.select.left + plot.select.width, 'x'));
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }
      }],
    },
  };
}
