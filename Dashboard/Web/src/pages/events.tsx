import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { lastSeen, newestFirst, timesSeen } from '../kernel/events';
import { findResource } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { age } from '../kernel/text';
import { Badge, Empty, Loading, Panel, Trouble } from '../ui/basics';
import { referenceHref } from './references';

/** What was told of one object. */
export function ObjectEvents({ object }: { object: KubeObject }) {
  const events = findResource('', 'events')!;
  const { namespace, name, uid } = object.metadata;
  // Nodes' events name the node itself as uid, older reporters its name: the name decides.
  const live = useLive({
    path: pathOf(events, namespace ?? (object.kind === 'Node' ? undefined : 'default')),
    fields: `involvedObject.name=${name},involvedObject.kind=${object.kind}`,
  });
  const rows = newestFirst(live.rows.map(r => r.object)
    .filter(e => object.kind === 'Node' || !e.involvedObject?.uid || e.involvedObject.uid === uid));
  return (
    <Panel title="Events">
      {live.phase === 'refused' ? <Trouble error={live.error} /> : live.phase === 'loading' ? <Loading />
        : rows.length === 0 ? <Empty>None. Events are kept for a limited time.</Empty> : <EventTable events={rows} />}
    </Panel>
  );
}

export function EventTable({ events }: { events: KubeObject[] }) {
  return (
    <table class="table stack">
      <thead><tr><th>Last seen</th><th>Reason</th><th>Object</th><th>Message</th></tr></thead>
      <tbody>
        {events.map(e => (
          <tr key={e.metadata.uid}>
            <td>{age(lastSeen(e))}{timesSeen(e) > 1 ? ` ×${timesSeen(e)}` : ''}</td>
            <td><Badge tone={e.type === 'Warning' ? 'warn' : 'none'}>{e.reason}</Badge></td>
            <td><EventSubject reference={e.involvedObject ?? e.regarding} /></td>
            <td class="wrap">{e.message ?? e.note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EventSubject({ reference: r }: { reference: { kind?: string; name?: string; namespace?: string; apiVersion?: string } | undefined }) {
  const href = referenceHref(r);
  const text = `${r?.kind ?? ''} ${r?.name ?? ''}`;
  return href ? <a href={href}>{text}</a> : <>{text}</>;
}
