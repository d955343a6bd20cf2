import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { requestOf } from '../kernel/requests';
import { podsSelector } from '../kernel/selectors';
import { bytes, cores, quantity } from '../kernel/text';
import { Bar, Empty, Panel } from '../ui/basics';

const isBytes = (name: string) => /memory|storage|hugepages/.test(name);

const show = (name: string, amount: number): string =>
  isBytes(name) ? bytes(amount) : name === 'cpu' ? cores(amount) : String(Math.round(amount * 1000) / 1000);

/** What a node has, what of it pods may have, and what they have asked for. */
export function Capacity({ node }: { node: KubeObject }) {
  const live = useLive({ path: pathOf(findResource('', 'pods')!), ...podsSelector(node)! });
  const { capacity = {}, allocatable = {} } = node.status ?? {};
  const isKnown = live.phase === 'live' || live.phase === 'retrying';
  return (
    <Panel title="Capacity">
      {Object.keys(capacity).length === 0 ? <Empty>The node has not said what it has.</Empty> : <table class="table">
        <thead><tr><th>Resource</th><th class="number">Has</th><th class="number">For pods</th><th class="number">Asked for</th><th /></tr></thead>
        <tbody>
          {Object.keys(capacity).map(name => {
            const free = quantity(allocatable[name]);
            const asked = live.rows.reduce((sum, r) => sum + requestOf(r.object, name), 0);
            const share = free > 0 ? asked / free : 0;
            return (
              <tr key={name}>
                <td>{name}</td><td class="number">{show(name, quantity(capacity[name]))}</td><td class="number">{show(name, free)}</td>
                <td class="number">{isKnown ? show(name, asked) : '–'}</td>
                <td class="share">{isKnown && free > 0 && <Bar share={share} tone={share > 0.95 ? 'warn' : 'info'} label={`${name} asked for`} />}</td>
              </tr>
            );
          })}
        </tbody>
      </table>}
    </Panel>
  );
}
