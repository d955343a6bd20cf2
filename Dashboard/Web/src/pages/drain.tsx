import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, json, patch, pathOf, query, send } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import type { Tone } from '../kernel/status';
import { Badge, Bar, Button, Dialog, Trouble } from '../ui/basics';

interface Step { pod: KubeObject; word: string; tone: Tone; text: string; over: boolean }

const pause = 5000;
const atOnce = 10;

const isLeft = (pod: KubeObject): boolean =>
  Boolean(pod.metadata.annotations?.['kubernetes.io/config.mirror'])
  || (pod.metadata.ownerReferences?.some(r => r.controller && r.kind === 'DaemonSet') ?? false);

/** Empties a node: no new pods, and those that are there are evicted, as far as their budgets allow. */
export function Drain({ node, close }: { node: KubeObject; close: () => void }) {
  const pods = findResource('', 'pods')!;
  const nodes = findResource('', 'nodes')!;
  const [steps, setSteps] = useState<Step[]>();
  const [left, setLeft] = useState(0);
  const [error, setError] = useState<Error>();
  const [running, setRunning] = useState(false);
  const stop = useRef(new AbortController());
  useEffect(() => {
    json<{ items: KubeObject[] }>(pathOf(pods) + query({ fieldSelector: `spec.nodeName=${node.metadata.name}` })).then(found => {
      const going = found.items.filter(p => !isLeft(p) && !['Succeeded', 'Failed'].includes(p.status?.phase));
      setLeft(found.items.filter(isLeft).length);
      setSteps(going.map(pod => ({ pod, word: 'Here', tone: 'none', text: '', over: false })));
    }, setError);
    return () => stop.current.abort();
  }, []);

  const set = (uid: string, to: Partial<Step>) =>
    setSteps(all => all?.map(s => (s.pod.metadata.uid === uid ? { ...s, ...to } : s)));
  const wait = (time: number) => new Promise(resolve => setTimeout(resolve, time));

  const evict = async (pod: KubeObject) => {
    const { namespace, name, uid } = pod.metadata;
    const path = pathOf(pods, namespace, name);
    const body = JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } });
    while (!stop.current.signal.aborted) {
      try {
        await send(`${path}/eviction`, { method: 'POST', body });
        set(uid, { word: 'Going', tone: 'info', text: '' });
        break;
      } catch (failure) {
        const refused = failure instanceof ApiError ? failure : undefined;
        if (refused?.code === 404) {
          break;
        }
        if (refused?.code !== 429) {
          set(uid, { word: 'Failed', tone: 'bad', text: (failure as Error).message, over: true });
          return;
        }
        set(uid, { word: 'Waits for its budget', tone: 'warn', text: refused.message });
        await wait((refused.status.details?.retryAfterSeconds ?? 0) * 1000 || pause);
      }
    }
    await gone(pod);
    set(uid, { word: 'Gone', tone: 'good', text: '', over: true });
  };

  // The watch of this one pod tells when it has gone; its page begins with it as it is.
  const gone = async (pod: KubeObject) => {
    const { namespace, name, uid } = pod.metadata;
    while (!stop.current.signal.aborted) {
      const found = await json(pathOf(pods, namespace, name)).catch((e: Error) => e);
      if (found instanceof ApiError && found.code === 404) {
        return;
      }
      if (!(found instanceof Error) && found.metadata.uid !== uid) {
        return;
      }
      await wait(1000);
    }
  };

  const run = async () => {
    setRunning(true);
    try {
      await patch(pathOf(nodes, undefined, node.metadata.name), 'merge', { spec: { unschedulable: true } });
      const queue = [...(steps ?? [])];
      await Promise.all(Array.from({ length: atOnce }, async () => {
        for (let next = queue.shift(); next && !stop.current.signal.aborted; next = queue.shift()) {
          await evict(next.pod);
        }
      }));
    } catch (failure) {
      setError(failure as Error);
    }
    setRunning(false);
  };
  const over = steps?.filter(s => s.over).length ?? 0;
  const done = steps !== undefined && over === steps.length && over > 0;
  return (
    <Dialog title={`Drain ${node.metadata.name}`} close={close} wide>
      <p>The node takes no new pods, and {steps?.length ?? '…'} of its pods are evicted, as far as their disruption budgets allow.
        {left > 0 ? ` ${left} of DaemonSets stay.` : ''}</p>
      <Trouble error={error} />
      {steps && steps.length > 0 && <Bar share={over / steps.length} tone={done ? 'good' : 'info'} label="Evicted" />}
      <div class="scroll">
        <table class="table stack">
          <tbody>
            {steps?.map(s => (
              <tr key={s.pod.metadata.uid}><td>{s.pod.metadata.namespace}/{s.pod.metadata.name}</td>
                <td><Badge tone={s.tone}>{s.word}</Badge></td><td class="wrap">{s.text}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      <footer>
        <Button onClick={close}>{running ? 'Stop' : done ? 'Done' : 'Cancel'}</Button>
        {!done && <Button look="main" disabled={running || !steps} onClick={() => void run()}>{running ? 'Draining …' : 'Drain'}</Button>}
      </footer>
    </Dialog>
  );
}
