import { pathOf } from './api';
import type { KubeObject } from './api';
import { findResource } from './kinds';
import { token } from './session';

/** Channels of Kubernetes' stream protocols. */
export const channel = { input: 0, output: 1, errors: 2, status: 3, size: 4 };

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

/** Exec over a WebSocket. Browsers set no headers there, so the token is a subprotocol. */
export function execute(pod: KubeObject, container: string, command: string[], options: { stdin?: boolean; stdout?: boolean; stderr?: boolean; tty?: boolean }): WebSocket {
  const path = pathOf(findResource('', 'pods')!, pod.metadata.namespace, pod.metadata.name, 'exec');
  const parameters = new URLSearchParams({ container });
  Object.entries(options).forEach(([name, value]) => parameters.set(name, String(value)));
  command.forEach(word => parameters.append('command', word));
  const socket = new WebSocket(
    `${location.origin.replace(/^http/, 'ws')}${path}?${parameters}`,
    ['v5.channel.k8s.io', 'v4.channel.k8s.io', `base64url.bearer.authorization.k8s.io.${base64url(token.value ?? '')}`]);
  socket.binaryType = 'arraybuffer';
  return socket;
}

/** What a command said before it ended. */
export interface Said { output: Uint8Array<ArrayBuffer>; errors: string; isCut: boolean }

/** Runs a command to its end, or until it has said more than so many bytes. */
export function run(pod: KubeObject, container: string, command: string[], mostBytes: number, signal: AbortSignal): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = execute(pod, container, command, { stdout: true, stderr: true });
    const parts: Uint8Array[] = [];
    let [length, errors, failure] = [0, '', ''];
    const end = (isCut: boolean) => {
      const output = new Uint8Array(length);
      parts.reduce((at, part) => { output.set(part, at); return at + part.length; }, 0);
      resolve({ output, errors: errors || failure, isCut });
      socket.close();
    };
    signal.addEventListener('abort', () => { socket.close(); reject(signal.reason as Error); }, { once: true });
    socket.onmessage = event => {
      const data = new Uint8Array(event.data as ArrayBuffer);
      if (data[0] === channel.output) {
        parts.push(data.subarray(1));
        length += data.length - 1;
        if (length > mostBytes) {
          end(true);
        }
      } else if (data[0] === channel.errors) {
        errors = (errors + new TextDecoder().decode(data.subarray(1))).slice(0, 4000);
      } else if (data[0] === channel.status) {
        const status = JSON.parse(new TextDecoder().decode(data.subarray(1))) as { status?: string; message?: string };
        failure = status.status === 'Success' ? '' : status.message ?? '';
      }
    };
    socket.onclose = () => end(false);
    socket.onerror = () => reject(new Error('The container cannot be reached.'));
  });
}
