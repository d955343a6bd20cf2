import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useMay } from '../kernel/rights';
import { containersOf } from '../kernel/status';
import { Button, Panel, tell } from '../ui/basics';

interface Port { name?: string; port?: number; containerPort?: number; protocol?: string }

/** What port-forward carries. */
function portsOf({ kind, object }: { kind: Kind; object: KubeObject }): Port[] {
  const all: Port[] = kind.kind === 'Pod' ? containersOf(object).flatMap(c => c.spec.ports ?? []) : kind.kind === 'Service' ? object.spec.ports ?? [] : [];
  return all.filter(p => (p.protocol ?? 'TCP') === 'TCP');
}

/** Ports below 1024 are not everybody's to open: 80 becomes 8080. */
const ownPort = (port: number) => (port < 1024 ? port + 8000 : port);

/** A browser reaches no port of a pod: the command that brings one to one's own machine, and where it is then. */
export function Ports({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { namespace, name } = object.metadata;
  const ports = portsOf({ kind, object });
  const pods = findResource('', 'pods')!;
  const allowed = useMay(ports.length > 0 ? { verb: 'create', kind: pods, namespace, name: kind.kind === 'Pod' ? name : undefined, subresource: 'portforward' } : null);
  const copy = (command: string) => void navigator.clipboard.writeText(command).then(() => tell('Copied.'), (e: Error) => tell(e.message, 'bad'));
  return ports.length === 0 || !allowed ? null : (
    <Panel title="Ports">
      <table class="table stack">
        <thead><tr><th>Port</th><th>On your machine</th><th>Command</th><th /></tr></thead>
        <tbody>
          {ports.map(p => {
            const port = (p.port ?? p.containerPort)!;
            const command = `kubectl port-forward -n ${namespace} ${kind.kind.toLowerCase()}/${name} ${ownPort(port)}:${port}`;
            const address = `http://127.0.0.1:${ownPort(port)}`;
            return (
              <tr key={`${p.name}/${port}`}>
                <td>{p.name ? `${p.name} ` : ''}{port}</td>
                <td><a href={address} target="_blank" rel="noreferrer">{address}</a></td>
                <td class="wrap"><code>{command}</code></td>
                <td><Button label={`Copy the command for port ${port}`} onClick={() => copy(command)}>Copy</Button></td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Panel>
  );
}
