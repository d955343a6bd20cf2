import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { theme } from './shell';

export interface Line { label: string; values: (number | null)[]; dashed?: boolean }

const height = 220;

/** Told apart in both themes; the dashed lines of bounds are grey. */
const colours = ['#4f7df3', '#e0872f', '#2fa36b', '#c0519f', '#8a6df0', '#c9a227', '#2f9fb8', '#d2565b', '#7a8a3a', '#8f7361'];
export const colourOf = (index: number): string => colours[index % colours.length]!;

/** Lines over time. Dragging along it chooses a span; uPlot is loaded with the first chart. */
export function Chart({ moments, lines, show, zoom, label }: {
  moments: number[]; lines: Line[]; show: (value: number) => string; zoom?: (from: number, to: number) => void; label: string;
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
      plot.current = new Plot(optionsOf(lines, show, box.current.clientWidth, (from, to) => zoomed.current?.(from, to)), data(), box.current);
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

function optionsOf(
  lines: Line[], show: (value: number) => string, width: number, zoom: (from: number, to: number) => void): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [text, grid] = [style.getPropertyValue('--faint').trim(), style.getPropertyValue('--line').trim()];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width, height,
    legend: { live: true },
    cursor: { drag: { x: true, y: false, setScale: false } },
    scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
    axes: [axis, { ...axis, size: 74, values: (_, marks) => marks.map(show) }],
    series: [
      { value: (_, moment) => (moment === null ? '' : new Date(moment * 1000).toLocaleString()) },
      ...lines.map((line, index) => ({
        label: line.label,
        stroke: line.dashed ? text : colourOf(index),
        width: line.dashed ? 1 : 1.75,
        dash: line.dashed ? [6, 4] : undefined,
        points: { show: false },
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
