import { useEffect, useState } from 'preact/hooks';
import { metadataAccept, json, pathOf, query } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { deletionsOf, mostDeletions } from '../kernel/deletions';
import { listable, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { mayProbably } from '../kernel/rights';
import { hrefOf, namespace } from '../kernel/route';
import { age, clock, serverTime } from '../kernel/text';
import { Badge, Empty, Loading, Switch } from '../ui/basics';

interface Change { kind: Kind; object: KubeObject; who: string; what: string; when: string }

const spans: [string, number][] = [['15 minutes', 15], ['hour', 60], ['6 hours', 360], ['day', 1440]];

/** Kinds that change all the time and tell nothing. */
const noise = new Set(['events', 'leases', 'endpoints', 'componentstatuses']);
const pageSize = 500;
const mostPages = 10;
const mostShown = 500;

/** What was read of a kind; `isCut` when there was more than is read. */
interface Read { found: Change[]; isCut: boolean }

/** Who wrote what of late, as the owners of fields tell of every object that is still there. */
async function read(kind: Kind, since: number, signal: AbortSignal): Promise<Read> {
  const found: Change[] = [];
  let next: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    // A list without objects has null in their place, as upstream writes it.
    const answer = await json<{ items: KubeObject[] | null; metadata: { continue?: string } }>(
      pathOf(kind, namespace.value || undefined) + query({ limit: pageSize, continue: next }), { accept: metadataAccept, signal });
    for (const object of answer.items ?? []) {
      found.push(...changesOf(kind, object, since));
    }
    next = answer.metadata.continue;
    if (!next) {
      break;
    }
  }
  return { found, isCut: next !== undefined && next !== '' };
}

const nameOf = ({ object: { metadata } }: Change): string => `${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`;

function changesOf(kind: Kind, object: KubeObject, since: number): Change[] {
  const created = object.metadata.creationTimestamp!;
  const fields = object.metadata.managedFields ?? [];
  const creator = fields.find(f => f.time === created && !f.subresource);
  const written = fields.filter(f => f.time && Date.parse(f.time) >= since).map(f => ({
    kind, object, who: f.manager ?? '', when: f.time!,
    what: f === creator ? 'Created' : f.subresource ? `Wrote ${f.subresource}` : f.operation === 'Apply' ? 'Applied' : 'Changed',
  }));
  const deleted = object.metadata.deletionTimestamp;
  return deleted ? [...written, { kind, object, who: '', when: deleted, what: 'Deleting' }] : written;
}

/** What is not there any more; of what cannot be watched nobody keeps that. */
async function gone(kind: Kind, since: number, signal: AbortSignal): Promise<Read> {
  const all = kind.verbs.includes('watch') ? await deletionsOf(kind, namespace.value || undefined, (serverTime() - since) / 1000, signal) : [];
  const found = all.map(({ time, ...metadata }) => ({ kind, object: { metadata }, who: '', what: 'Deleted', when: time }));
  return { found, isCut: found.length >= mostDeletions };
}

/** All that could be read, the newest first, and of which kinds that is not everything. */
interface Changes { found: Change[]; failed: string[]; cut: string[] }

async function readAll(watched: Kind[], since: number, signal: AbortSignal): Promise<Changes> {
  const all = await Promise.all(watched.flatMap(kind => [read, gone].map(each => each(kind, since, signal)
    .then(part => ({ kind, ...part, failed: false }), () => ({ kind, found: [], isCut: false, failed: true })))));
  const titles = (parts: typeof all) => [...new Set(parts.map(p => titleOf(p.kind)))];
  return {
    // Some times are of whole seconds, some finer: as texts they have no order.
    found: all.flatMap(p => p.found).sort((a, b) => Date.parse(b.when) - Date.parse(a.when)),
    failed: titles(all.filter(p => p.failed)), cut: titles(all.filter(p => p.isCut)),
  };
}

export function ChangesPage() {
  const [minutes, setMinutes] = useState(60);
  const [withStatus, setWithStatus] = useState(false);
  const [changes, setChanges] = useState<Changes | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    const since = serverTime() - minutes * 60_000;
    setChanges(null);
    const watched = listable.value.filter(k => !noise.has(k.resource) && mayProbably('list', k) && (!namespace.value || k.namespaced));
    void readAll(watched, since, stop.signal).then(all => { if (!stop.signal.aborted) { setChanges(all); } });
    return () => stop.abort();
  }, [minutes, namespace.value]);
  const wanted = (changes?.found ?? []).filter(c => withStatus || !c.what.startsWith('Wrote status'));
  const shown = wanted.slice(0, mostShown);
  return (
    <div>
      <header class="heading">
        <h1>Recent changes</h1>
        <span class="count">{!changes ? '' : wanted.length > mostShown ? `the newest ${mostShown} of ${wanted.length}` : wanted.length}</span>
        <div class="filters">
          <Switch title="Status, too" on={withStatus} set={setWithStatus} />
          <select aria-label="Time" value={minutes} onChange={e => setMinutes(Number(e.currentTarget.value))}>
            {spans.map(([title, count]) => <option key={count} value={count}>Last {title}</option>)}
          </select>
        </div>
      </header>
      {changes && changes.failed.length > 0 && <div class="note warn" role="status">These could not be read: {changes.failed.join(', ')}.</div>}
      {changes && changes.cut.length > 0 && (
        <div class="note warn" role="status">Of these there are more than are read, choose a namespace or a shorter time: {changes.cut.join(', ')}.</div>
      )}
      {!changes ? <Loading what="Reading" /> : shown.length === 0 ? <Empty>Nothing changed in that time.</Empty> : (
        <div class="panel">
          <table class="table stack">
            <thead><tr><th>When</th><th>What</th><th>Kind</th><th>Object</th><th>By</th></tr></thead>
            <tbody>
              {shown.map((c, i) => (
                <tr key={i}>
                  <td title={clock(c.when)}>{age(c.when)}</td>
                  <td><Badge tone={c.what === 'Created' ? 'good' : c.what.startsWith('Delet') ? 'bad' : 'info'}>{c.what}</Badge></td>
                  <td title={titleOf(c.kind)}>{c.kind.kind}</td>
                  <td class="wrap"><a href={hrefOf(c.kind, c.object, 'history')}>{nameOf(c)}</a></td>
                  <td>{c.who}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
