import type { KubeObject } from '../kernel/api';
import type { Kind } from '../kernel/kinds';
import { containersOf } from '../kernel/status';
import type { Tone } from '../kernel/status';
import { bytes, cores, quantity } from '../kernel/text';
import { containerUsage, usageOf, useUsageOf } from '../kernel/usage';
import type { Usage } from '../kernel/usage';
import { Bar, Panel } from '../ui/basics';

const shows = { cpu: cores, memory: bytes };
const names = { cpu: 'CPU', memory: 'Memory' };

/** Use that nears its bound is worth a colour. */
const toneOf = (share: number): Tone => (share > 0.9 ? 'bad' : share > 0.75 ? 'warn' : 'good');

/** What a pod's containers, or a node, use now, against what they asked for and may have. */
export function UsagePanel({ kind, object }: { kind: Kind; object: KubeObject }) {
  const measured = useUsageOf(kind, object.metadata.namespace, object.metadata.name);
  if (!measured) {
    return null;
  }
  const rows: { title: string; usage: Usage; request?: Record<string, string>; limit?: Record<string, string> }[] =
    object.kind === 'Node' ? [{ title: object.metadata.name, usage: usageOf(measured), limit: object.status?.allocatable }]
      : containersOf(object).flatMap(({ spec }) => {
        const usage = containerUsage(measured, spec.name);
        return usage ? [{ title: spec.name, usage, request: spec.resources?.requests, limit: spec.resources?.limits }] : [];
      });
  return (
    <Panel title="Use">
      {rows.map(row => (
        <div class="meters" key={row.title}>
          {(['cpu', 'memory'] as const).map(what => {
            const bound = quantity(row.limit?.[what]) || quantity(row.request?.[what]);
            const share = bound > 0 ? row.usage[what] / bound : 0;
            const of = row.limit?.[what] ? (object.kind === 'Node' ? '' : ' limit') : ' asked for';
            return (
              <div key={what}>
                <span>{rows.length > 1 ? `${row.title} ` : ''}{names[what]}</span>
                <b>{shows[what](row.usage[what])}{bound > 0 ? ` of ${shows[what](bound)}${of}` : ''}</b>
                <Bar share={share} tone={toneOf(share)} label={`${row.title} ${names[what]}`} />
              </div>
            );
          })}
        </div>
      ))}
    </Panel>
  );
}
