import { useEffect, useState } from 'preact/hooks';
import { ApiError, json, query } from './api';
import { bytes, cores } from './text';

/** What was used over some time by one container, pod, owner, namespace or node. */
export interface Series {
  namespace?: string;
  name?: string;
  container?: string;
  node?: string;
  owner?: string;
  cpuCores?: (number | null)[];
  memoryBytes?: (number | null)[];
  networkReceivedPerSecond?: (number | null)[];
  networkSentPerSecond?: (number | null)[];
  diskReadPerSecond?: (number | null)[];
  diskWrittenPerSecond?: (number | null)[];
  restarts?: (number | null)[];
}

export interface Past { start: string; stepSeconds: number; points: number; truncated?: boolean; series: Series[] }

const perSecond = (count: number) => `${bytes(count)}/s`;

/** What a figure counts, for round numbers beside its chart. */
export type Unit = 'bytes' | 'whole' | 'decimal';

/** What is measured, in the order of choice; `topBy` is the server's word for it. */
export const figures = {
  cpuCores: { title: 'CPU', topBy: 'cpu', show: cores, unit: 'decimal' as Unit },
  memoryBytes: { title: 'Memory', topBy: 'memory', show: bytes, unit: 'bytes' as Unit },
  networkReceivedPerSecond: { title: 'Network in', topBy: 'networkReceived', show: perSecond, unit: 'bytes' as Unit },
  networkSentPerSecond: { title: 'Network out', topBy: 'networkSent', show: perSecond, unit: 'bytes' as Unit },
  diskReadPerSecond: { title: 'Disk read', topBy: 'diskRead', show: perSecond, unit: 'bytes' as Unit },
  diskWrittenPerSecond: { title: 'Disk written', topBy: 'diskWritten', show: perSecond, unit: 'bytes' as Unit },
  restarts: { title: 'Restarts', topBy: 'restarts', show: (count: number) => String(count), unit: 'whole' as Unit },
};

export type Figure = keyof typeof figures;

/** Some time: the last so many seconds, or from one moment to another. */
export interface Span { ago?: number; from?: string; to?: string }

export const spans: [string, number][] = [
  ['15 minutes', 900], ['hour', 3600], ['6 hours', 21_600], ['day', 86_400], ['week', 604_800], ['30 days', 2_592_000],
  ['90 days', 7_776_000],
];

/** As often as nodes are asked. */
const interval = 15_000;

export interface Question { namespace?: string; name?: string; nodes?: boolean; by?: string; owner?: string; node?: string; top?: number; topBy?: string }

function pathOf({ namespace, name, nodes, ...rest }: Question, { ago, from, to }: Span): string {
  const root = '/apis/metrics.k8s.io/v1beta1';
  const space = !nodes && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${space}/${nodes ? 'nodes' : 'pods'}${name ? `/${encodeURIComponent(name)}` : ''}`
    + query({ start: from ?? `-${ago ?? 3600}s`, end: to, ...rest });
}

/** The past, asked anew while its end is now. */
export function usePast(question: Question | null, span: Span): { past: Past | null; error?: Error } {
  const path = question ? pathOf(question, span) : '';
  const [state, setState] = useState<{ path: string; past: Past | null; error?: Error }>({ path: '', past: null });
  useEffect(() => {
    if (!path) {
      return;
    }
    const stop = new AbortController();
    let next: number | undefined;
    const again = () => { if (!span.to && !stop.signal.aborted) { next = window.setTimeout(ask, interval); } };
    const ask = () => void json<Past>(path, { signal: stop.signal }).then(
      past => { setState({ path, past }); again(); },
      // What was shown stays while its server is away.
      (error: Error) => {
        if (!stop.signal.aborted) {
          setState(before => ({ path, past: before.path === path && !isRefusal(error) ? before.past : null, error }));
          again();
        }
      });
    ask();
    return () => { stop.abort(); clearTimeout(next); };
  }, [path]);
  return state.path === path ? state : { past: null };
}

const isRefusal = (error: Error): boolean => error instanceof ApiError && error.code < 500 && error.code !== 429;

/** The moments of a past's points, in seconds. */
export const momentsOf = (past: Past): number[] => {
  const start = Date.parse(past.start) / 1000;
  return Array.from({ length: past.points }, (_, i) => start + i * past.stepSeconds);
};

const known = (values: (number | null)[] | undefined): number[] => (values ?? []).filter(v => v !== null);
export const last = (values: (number | null)[] | undefined): number | undefined => known(values).at(-1);
export const mean = (values: (number | null)[] | undefined): number | undefined => {
  const all = known(values);
  return all.length === 0 ? undefined : all.reduce((a, b) => a + b, 0) / all.length;
};
export const most = (values: (number | null)[] | undefined): number | undefined => {
  const all = known(values);
  return all.length === 0 ? undefined : Math.max(...all);
};
