import { useEffect, useState } from 'preact/hooks';
import { pathOf, send } from './api';
import { findResource } from './kinds';
import { may } from './rights';

/** A claim whose volume has less than a tenth left, of its bytes or of its files. */
export interface FullVolume { namespace: string; claim: string; what: string; share: number }

const full = 0.9;
const mostNodes = 20;
const interval = 60_000;

const line = /^kubelet_volume_stats_(capacity_bytes|used_bytes|inodes|inodes_used)\{([^}]*)\} (\S+)/gm;
const label = (labels: string, name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';

/** What a node's metrics tell of its volumes. */
export function fullVolumes(metrics: string): FullVolume[] {
  const volumes = new Map<string, Record<string, number>>();
  for (const [, what, labels, value] of metrics.matchAll(line)) {
    const key = `${label(labels!, 'namespace')}/${label(labels!, 'persistentvolumeclaim')}`;
    volumes.set(key, { ...volumes.get(key), [what!]: Number(value) });
  }
  return [...volumes].flatMap(([key, v]) => {
    const [namespace, claim] = key.split('/') as [string, string];
    return ([['bytes', v.used_bytes, v.capacity_bytes], ['files', v.inodes_used, v.inodes]] as const)
      .map(([what, used, all]) => ({ namespace, claim, what, share: all ? (used ?? 0) / all : 0 }))
      .filter(f => f.share >= full);
  });
}

const none: FullVolume[] = [];

/**
 * Volumes that are nearly full, as their nodes tell those who may ask them; nobody is asked where no claim is bound.
 * Null until the nodes have told.
 */
export function useFullVolumes(nodes: string[], hasClaims: boolean): FullVolume[] | null {
  const [found, setFound] = useState<FullVolume[] | null>(null);
  const asked = hasClaims ? nodes.slice(0, mostNodes).join() : '';
  useEffect(() => {
    if (!asked) {
      return;
    }
    const stop = new AbortController();
    let next: number | undefined;
    const kind = findResource('', 'nodes')!;
    // A node that does not answer has its own entry among what is wrong.
    const tell = (name: string) => send(pathOf(kind, undefined, name, 'proxy/metrics'), { signal: stop.signal })
      .then(answer => answer.text()).then(fullVolumes, () => []);
    const ask = async () => {
      if (!await may({ verb: 'get', kind, subresource: 'proxy' })) {
        setFound(none);
        return;
      }
      const all = await Promise.all(asked.split(',').map(tell));
      if (!stop.signal.aborted) {
        // A volume that several nodes have is one.
        setFound([...new Map(all.flat().map(v => [`${v.namespace}/${v.claim}/${v.what}`, v])).values()]);
        next = window.setTimeout(() => void ask(), interval);
      }
    };
    void ask();
    return () => { stop.abort(); clearTimeout(next); };
  }, [asked]);
  return asked ? found : none;
}
