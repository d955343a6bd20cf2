import { useEffect, useRef, useState } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import { channel, execute } from '../kernel/exec';
import { route } from '../kernel/route';
import { containersOf } from '../kernel/status';
import { Button } from '../ui/basics';
import { theme } from '../ui/shell';

const shell = ['/bin/sh', '-c', 'TERM=xterm-256color; export TERM; command -v bash >/dev/null && exec bash || exec sh'];

function framed(to: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(data.length + 1);
  frame[0] = to;
  frame.set(data, 1);
  return frame;
}

/** A shell in a container. */
export function Terminal({ pod }: { pod: KubeObject }) {
  const place = useRef<HTMLDivElement>(null);
  const names: string[] = [...(pod.spec.ephemeralContainers ?? []), ...pod.spec.containers].map((c: { name: string }) => c.name);
  const wanted = route.value.query.get('container');
  const [container, setContainer] = useState(wanted ?? names[names.length - pod.spec.containers.length] ?? '');
  const [round, setRound] = useState(0);
  const [state, setState] = useState('Connecting …');

  const { sort, status } = containersOf(pod).find(c => c.spec.name === container) ?? {};
  const isAwaited = container === wanted && (!sort || sort === 'ephemeral') && !status?.state?.running && !status?.state?.terminated;

  useEffect(() => { if (wanted) { setContainer(wanted); } }, [wanted]);

  useEffect(() => {
    if (isAwaited) {
      setState(status?.state?.waiting?.message ?? 'Waits for the container to start.');
      return;
    }
    let ended = false;
    let clean = () => { ended = true; };
    setState('Connecting …');
    void Promise.all([import('@xterm/xterm'), import('@xterm/addon-fit')]).then(([{ Terminal: Screen }, { FitAddon }]) => {
      if (ended || !place.current) {
        return;
      }
      const screen = new Screen({ fontSize: 13, cursorBlink: true, theme: colours(), screenReaderMode: true });
      const fit = new FitAddon();
      screen.loadAddon(fit);
      screen.open(place.current);
      fit.fit();
      const socket = execute(pod, container, shell, { stdin: true, stdout: true, tty: true });
      const send = (to: number, text: string) => {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send(framed(to, new TextEncoder().encode(text)));
        }
      };
      const resize = () => { fit.fit(); send(channel.size, JSON.stringify({ Width: screen.cols, Height: screen.rows })); };
      const observer = new ResizeObserver(resize);
      screen.onData(text => send(channel.input, text));
      socket.onopen = () => { setState(''); observer.observe(place.current!); resize(); screen.focus(); };
      socket.onmessage = event => {
        const data = new Uint8Array(event.data as ArrayBuffer);
        if (data[0] === channel.output || data[0] === channel.errors) {
          screen.write(data.subarray(1));
        } else if (data[0] === channel.status) {
          const status = JSON.parse(new TextDecoder().decode(data.subarray(1))) as { status?: string; message?: string };
          screen.write(`\r\n\x1b[2m${status.status === 'Success' ? 'The shell has ended.' : status.message ?? 'It has ended.'}\x1b[0m\r\n`);
        }
      };
      socket.onclose = () => setState('Not connected.');
      clean = () => { ended = true; observer.disconnect(); socket.close(); screen.dispose(); };
    });
    return () => clean();
  }, [container, round, pod.metadata.uid, isAwaited]);

  return (
    <div>
      <div class="toolbar">
        <select aria-label="Container" value={container} onChange={e => setContainer(e.currentTarget.value)}>
          {names.map(n => <option key={n}>{n}</option>)}
        </select>
        <Button onClick={() => setRound(round + 1)}>Reconnect</Button>
        <span class="count" role="status">{state}</span>
      </div>
      <div class="console" ref={place} />
    </div>
  );
}

function colours() {
  return theme() === 'dark'
    ? { background: '#0d1117', foreground: '#e6edf3', cursor: '#9aa4ff', selectionBackground: '#3b4a6b' }
    : { background: '#ffffff', foreground: '#1b2333', cursor: '#4f46e5', selectionBackground: '#c7d2fe' };
}
