import { useEffect, useMemo, useState } from 'preact/hooks';
import { ApiError, json, lines, pathOf, query, send } from '../kernel/api';
import type { KubeObject, ManagedFields } from '../kernel/api';
import { apiVersionOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { age, clock, diff } from '../kernel/text';
import type { DiffLine } from '../kernel/text';
import { stringify } from '../kernel/yaml';
import { Badge, Button, Dialog, DiffView, Empty, Loading, Panel, Trouble } from '../ui/basics';

interface Version { what: 'Created' | 'Changed' | 'Deleted'; object: KubeObject; who: string; when: string; part: string }

/** How many revisions of the kind back from now are tried when the log does not reach to its beginning. */
const reaches = [1_000_000, 300_000, 100_000, 30_000, 10_000, 3000, 1000, 300, 100];
const firstRevision = 2;
const mostVersions = 500;

const words: Record<string, Version['what']> = { ADDED: 'Created', MODIFIED: 'Changed', DELETED: 'Deleted' };

/**
 * Every version of an object that the change log still has: a watch from the past tells them in order, to everybody who
 * may watch the object. It ends with the version that is there now.
 */
async function versionsOf(kind: Kind, object: KubeObject, signal: AbortSignal): Promise<Version[]> {
  const { namespace, name } = object.metadata;
  const path = pathOf(kind, namespace);
  const fieldSelector = `metadata.name=${name}`;
  const now = await json<{ metadata: { resourceVersion: string }; items: KubeObject[] }>(path + query({ fieldSelector }), { signal });
  const newest = Number(now.metadata.resourceVersion);
  const last = now.items[0]?.metadata.resourceVersion;
  const starts = [firstRevision, ...reaches.map(r => newest - r).filter(r => r > firstRevision)];
  for (const start of starts) {
    try {
      return await read(kind, path + query({ watch: 1, resourceVersion: start, fieldSelector, allowWatchBookmarks: true }), last, signal);
    } catch (failure) {
      if (!(failure instanceof ApiError && failure.code === 410)) {
        throw failure;
      }
    }
  }
  return [];
}

async function read(kind: Kind, path: string, last: string | undefined, signal: AbortSignal): Promise<Version[]> {
  const found: Version[] = [];
  const answer = await send(path, { signal });
  for await (const line of lines(answer)) {
    const event = JSON.parse(line) as { type: string; object: KubeObject };
    if (event.type === 'ERROR') {
      throw new ApiError(event.object as never);
    }
    if (event.type in words) {
      const object = { ...event.object, apiVersion: apiVersionOf(kind), kind: kind.kind };
      found.push(versionOf(words[event.type]!, object, found.at(-1)?.object));
    }
    if (event.object.metadata.resourceVersion === last || found.length >= mostVersions) {
      break;
    }
  }
  return found;
}

/** All but what every write changes. */
function content(object: KubeObject): Omit<KubeObject, 'metadata'> & { metadata: object } {
  const { apiVersion, kind, metadata: { managedFields: _, resourceVersion: __, generation: ___, ...metadata }, ...rest } = object;
  const { 'kubectl.kubernetes.io/last-applied-configuration': ____, ...annotations } = metadata.annotations ?? {};
  return { apiVersion, kind, metadata: metadata.annotations ? { ...metadata, annotations } : metadata, ...rest };
}

const isStatusOnly = (a: KubeObject, b: KubeObject): boolean =>
  JSON.stringify({ ...content(a), status: null }) === JSON.stringify({ ...content(b), status: null });

/** Who wrote: of the owners of what changed, those first who were not there before, then the newest. */
function versionOf(what: Version['what'], object: KubeObject, before: KubeObject | undefined): Version {
  const key = (f: ManagedFields) => `${f.manager}/${f.subresource}/${f.time}`;
  const known = new Set(before?.metadata.managedFields?.map(key));
  const fields = object.metadata.managedFields ?? [];
  const isStatus = what === 'Changed' && before !== undefined && isStatusOnly(before, object);
  const newest = (a: ManagedFields, b: ManagedFields) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1);
  const writer = fields.filter(f => (f.subresource === 'status') === isStatus)
    .sort((a, b) => Number(known.has(key(a))) - Number(known.has(key(b))) || newest(a, b))[0];
  const when = [...fields].sort(newest)[0]?.time ?? object.metadata.creationTimestamp ?? '';
  return { what, object, who: writer?.manager ?? '', when, part: isStatus ? 'status' : writer?.subresource ?? '' };
}

/** An object as people compare it. */
const plain = (object: KubeObject): Promise<string> => stringify(content(object));

export function History({ kind, object }: { kind: Kind; object: KubeObject }) {
  const [versions, setVersions] = useState<Version[]>();
  const [error, setError] = useState<Error>();
  const [withStatus, setWithStatus] = useState(false);
  const [shown, setShown] = useState<{ title: string; from: KubeObject | undefined; to: KubeObject }>();
  useEffect(() => {
    const stop = new AbortController();
    versionsOf(kind, object, stop.signal).then(setVersions, failure => { if (!stop.signal.aborted) { setError(failure as Error); } });
    return () => stop.abort();
  }, [object.metadata.resourceVersion]);
  const rows = useMemo(() => (versions ?? []).map((v, i) => ({ ...v, before: versions![i - 1]?.object }))
    .filter(v => withStatus || v.part !== 'status').reverse(), [versions, withStatus]);
  return (
    <Panel title="Versions" aside={<label><input type="checkbox" checked={withStatus} onChange={e => setWithStatus(e.currentTarget.checked)} /> with status</label>}>
      <Trouble error={error} />
      {!versions ? !error && <Loading what="Reading the change log" /> : rows.length === 0 ? <Empty>The change log no longer has any.</Empty> : (
        <table class="table">
          <thead><tr><th>When</th><th>What</th><th>By</th><th>Version</th><th /></tr></thead>
          <tbody>
            {rows.map(v => (
              <tr key={v.object.metadata.resourceVersion}>
                <td title={clock(v.when)}>{age(v.when)}</td>
                <td><Badge tone={v.what === 'Created' ? 'good' : v.what === 'Deleted' ? 'bad' : 'info'}>{v.what}{v.part ? ` ${v.part}` : ''}</Badge></td>
                <td>{v.who}</td>
                <td>{v.object.metadata.resourceVersion}</td>
                <td>
                  <Button onClick={() => setShown({ title: `What version ${v.object.metadata.resourceVersion} changed`, from: v.before, to: v.object })}>Show</Button>{' '}
                  {v.object.metadata.resourceVersion !== object.metadata.resourceVersion && (
                    <Button onClick={() => setShown({ title: `From version ${v.object.metadata.resourceVersion} to now`, from: v.object, to: object })}>Since then</Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown && <Compare {...shown} close={() => setShown(undefined)} />}
    </Panel>
  );
}

function Compare({ title, from, to, close }: { title: string; from: KubeObject | undefined; to: KubeObject; close: () => void }) {
  const [result, setResult] = useState<DiffLine[]>();
  useEffect(() => {
    void Promise.all([from ? plain(from) : '', plain(to)]).then(([a, b]) => setResult(diff(a, b)));
  }, [from, to]);
  return <Dialog title={title} close={close} wide>{result ? <DiffView lines={result} /> : <Loading />}</Dialog>;
}
