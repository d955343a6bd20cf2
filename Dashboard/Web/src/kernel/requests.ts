import type { KubeObject } from './api';
import { quantity } from './text';

interface Container { restartPolicy?: string; resources?: { requests?: Record<string, string> } }

const ended = new Set(['Succeeded', 'Failed']);

/** What the scheduler reckons that a pod takes of a resource; nothing for one that has ended. */
export function requestOf(pod: KubeObject, resource: string): number {
  if (ended.has(pod.status?.phase)) {
    return 0;
  }
  if (resource === 'pods') {
    return 1;
  }
  const of = (c: Container) => quantity(c.resources?.requests?.[resource]);
  const sum = (all: Container[]) => all.reduce((total, c) => total + of(c), 0);
  const init: Container[] = pod.spec?.initContainers ?? [];
  // Those that go on run beside the others; the rest run one after the other, before them.
  const beside = init.filter(c => c.restartPolicy === 'Always');
  const before = init.filter(c => c.restartPolicy !== 'Always').map(of);
  return Math.max(sum([...(pod.spec?.containers ?? []), ...beside]), ...before) + quantity(pod.spec?.overhead?.[resource]);
}
