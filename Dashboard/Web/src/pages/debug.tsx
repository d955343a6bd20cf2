import { useState } from 'preact/hooks';
import { patch, pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import { go, hrefOf } from '../kernel/route';
import { Button, Dialog, Trouble } from '../ui/basics';

/** A container beside those of a pod, with tools that they lack: it stays until the pod goes. */
export function Debug({ pod, close }: { pod: KubeObject; close: () => void }) {
  const names: string[] = pod.spec.containers.map((c: { name: string }) => c.name);
  const [image, setImage] = useState('busybox');
  const [target, setTarget] = useState(names[0]!);
  const [error, setError] = useState<Error>();
  const pods = findResource('', 'pods')!;
  const submit = (event: Event) => {
    event.preventDefault();
    const name = `debugger-${Date.now().toString(36)}`;
    const added = { name, image, targetContainerName: target || undefined, stdin: true, tty: true };
    patch(pathOf(pods, pod.metadata.namespace, pod.metadata.name, 'ephemeralcontainers'), 'strategic', { spec: { ephemeralContainers: [added] } })
      .then(() => { close(); go(`${hrefOf(pods, pod, 'terminal')}&container=${name}`); }, setError);
  };
  return (
    <Dialog title={`Debug ${pod.metadata.name}`} close={close}>
      <form onSubmit={submit}>
        <p>A container is added to the pod, and stays in it. Beside a container it sees its processes, and its files below <code>/proc/1/root</code>.</p>
        <label>Image <input required value={image} onInput={e => setImage(e.currentTarget.value)} autofocus spellcheck={false} /></label>
        <label>Beside <select value={target} onChange={e => setTarget(e.currentTarget.value)}>
          {names.map(n => <option key={n}>{n}</option>)}
          <option value="">no container</option>
        </select></label>
        <Trouble error={error} />
        <footer><Button onClick={close}>Cancel</Button><button type="submit" class="button main">Start</button></footer>
      </form>
    </Dialog>
  );
}
