import { useEffect, useRef } from 'preact/hooks';
import { pathOf } from './api';
import { discover, findResource } from './kinds';
import { useLive } from './live';
import type { Live } from './live';
import { useMay } from './rights';

const firstPause = 250;
const mostLooks = 6;

/** A kind's objects as they come; null for who may not list them. */
function useKnown(group: string, resource: string): Live | null {
  const kind = findResource(group, resource);
  const allowed = useMay(kind ? { verb: 'list', kind } : null);
  const live = useLive(kind && allowed ? { path: pathOf(kind), table: true } : null);
  return allowed ? live : null;
}

/** The name of a definition is its plural and its group. */
const isServed = (name: string): boolean => findResource(name.slice(name.indexOf('.') + 1), name.slice(0, name.indexOf('.'))) !== undefined;

/** Kinds that are defined or registered while somebody looks are there without a reload, and those that went are not. */
export function useNewKinds(): void {
  const definitions = useKnown('apiextensions.k8s.io', 'customresourcedefinitions');
  const services = useKnown('apiregistration.k8s.io', 'apiservices');
  const known = [definitions, services].filter(l => l !== null);
  const isRead = known.length > 0 && known.every(l => l.phase !== 'loading' && !l.partial);
  const names = (definitions?.rows ?? []).map(r => r.object.metadata.name);
  const state = known.flatMap(l => l.rows).map(r => `${r.object.metadata.uid}@${r.object.metadata.resourceVersion}`).sort().join();
  const begun = useRef(false);
  useEffect(() => {
    if (!isRead) {
      return;
    }
    const isFirst = !begun.current;
    begun.current = true;
    if (isFirst && names.every(isServed)) {
      return;
    }
    // A definition is served a moment after it has been accepted, and some never are.
    let timer: number | undefined;
    const look = (pause: number, looks: number) => {
      timer = window.setTimeout(() => void discover().catch(() => undefined).then(() => {
        if (looks > 1 && !names.every(isServed)) {
          look(pause * 2, looks - 1);
        }
      }), pause);
    };
    look(firstPause, mostLooks);
    return () => clearTimeout(timer);
  }, [isRead, state]);
}
