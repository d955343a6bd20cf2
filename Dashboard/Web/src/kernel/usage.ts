import { useEffect, useState } from 'preact/hooks';
import { json, pathOf } from './api';
import { findResource } from './kinds';
import type { Kind } from './kinds';
import { quantity } from './text';

/** What something uses: cores and bytes. */
export interface Usage { cpu: number; memory: number }

interface Measured {
  metadata: { name: string; namespace?: string };
  usage?: Record<string, string>;
  containers?: { name: string; usage: Record<string, string> }[];
}

/** As often as nodes measure. */
const interval = 15_000;

const read = (usage: Record<string, string> | undefined): Usage => ({ cpu: quantity(usage?.cpu), memory: quantity(usage?.memory) });

export const usageOf = (measured: Measured): Usage => measured.usage ? read(measured.usage)
  : (measured.containers ?? []).map(c => read(c.usage)).reduce((a, b) => ({ cpu: a.cpu + b.cpu, memory: a.memory + b.memory }), { cpu: 0, memory: 0 });

export const containerUsage = (measured: Measured, container: string): Usage | undefined => {
  const found = measured.containers?.find(c => c.name === container);
  return found && read(found.usage);
};

/** Asked anew as often as nodes measure; null where nobody measures, or the user may not know. */
export function useUsage<T = Measured>(kind: Kind, namespace?: string, name?: string): T | null {
  const measured = kind.group === '' && (kind.resource === 'pods' || kind.resource === 'nodes')
    ? findResource('metrics.k8s.io', kind.resource) : undefined;
  const [state, setState] = useState<{ path: string; answer: T } | null>(null);
  const path = measured ? pathOf(measured, namespace, name) : '';
  useEffect(() => {
    if (!path) {
      return;
    }
    const stop = new AbortController();
    let next: number | undefined;
    const ask = () => void json<T>(path, { signal: stop.signal }).then(
      answer => { setState({ path, answer }); next = window.setTimeout(ask, interval); },
      () => { setState(null); if (!stop.signal.aborted) { next = window.setTimeout(ask, interval * 2); } });
    ask();
    return () => { stop.abort(); clearTimeout(next); };
  }, [path]);
  return state?.path === path ? state.answer : null;
}

export const useUsageOf = (kind: Kind, namespace: string | undefined, name: string): Measured | null => useUsage(kind, namespace, name);

export const useUsages = (kind: Kind, namespace?: string): Map<string, Usage> | null => {
  const list = useUsage<{ items: Measured[] | null }>(kind, namespace);
  const [map, setMap] = useState<Map<string, Usage> | null>(null);
  useEffect(() => {
    setMap(list && new Map((list.items ?? []).map(m => [`${m.metadata.namespace ?? ''}/${m.metadata.name}`, usageOf(m)])));
  }, [list]);
  return map;
};
