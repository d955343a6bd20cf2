import { ApiError, json, lines, pathOf, query, send } from './api';
import type { KubeObject, ManagedFields } from './api';
import { deletionsOf } from './deletions';
import { apiVersionOf } from './kinds';
import type { Kind } from './kinds';
import { serverTime } from './text';

/** What an object was at some time, and who made it so. */
export interface Version { what: 'Created' | 'Changed' | 'Deleted'; object: KubeObject; who: string; when: string; part: string }

/** How many revisions of the kind back from now are tried when the log does not reach to its beginning. */
const reaches = [1_000_000, 300_000, 100_000, 30_000, 10_000, 3000, 1000, 300, 100];
const firstRevision = 2;

/** Seconds: no change log reaches back for a year. */
const wholeLog = 31_536_000;
const mostVersions = 500;

/** A log that says no more of an object than it has said is not listened to for longer. */
const patience = 30;

const words: Record<string, Version['what']> = { ADDED: 'Created', MODIFIED: 'Changed', DELETED: 'Deleted' };

/**
 * Every version of an object that the change log still has: a watch from the past tells them in order, to everybody who
 * may watch the object. It ends with the version that is there now, or with how the object went.
 */
export async function versionsOf(kind: Kind, object: KubeObject, signal: AbortSignal): Promise<Version[]> {
  const { namespace, name } = object.metadata;
  const path = pathOf(kind, namespace);
  const fieldSelector = `metadata.name=${name}`;
  const now = await json<{ metadata: { resourceVersion: string }; items: KubeObject[] | null }>(path + query({ fieldSelector }), { signal });
  const newest = Number(now.metadata.resourceVersion);
  const last = now.items?.[0]?.metadata.resourceVersion ?? await wentWith(kind, namespace, name, signal);
  if (last === undefined) {
    return [];
  }
  const starts = [firstRevision, ...reaches.map(r => newest - r).filter(r => r > firstRevision)];
  for (const start of starts) {
    if (Number(last) <= start) {
      break;
    }
    try {
      const found = await read(kind, path + query({ watch: 1, resourceVersion: start, fieldSelector, timeoutSeconds: patience }), last, signal);
      return await withTimes(found, kind, namespace, signal);
    } catch (failure) {
      if (!(failure instanceof ApiError && failure.code === 410)) {
        throw failure;
      }
    }
  }
  return [];
}

/** The version that an object ended with; none where nobody knows of it. */
async function wentWith(kind: Kind, namespace: string | undefined, name: string, signal: AbortSignal): Promise<string | undefined> {
  return (await deletionsOf(kind, namespace, wholeLog, signal)).find(d => d.name === name)?.resourceVersion;
}

/** An object that went at once does not say when: the change log does. */
async function withTimes(found: Version[], kind: Kind, namespace: string | undefined, signal: AbortSignal): Promise<Version[]> {
  if (!found.some(v => v.what === 'Deleted')) {
    return found;
  }
  const oldest = Math.min(...found.map(v => Date.parse(v.object.metadata.creationTimestamp!)));
  const known = await deletionsOf(kind, namespace, (serverTime() - oldest) / 1000, signal).catch(() => []);
  const times = new Map(known.map(d => [d.resourceVersion, d.time]));
  return found.map(v => (v.what === 'Deleted' ? { ...v, when: times.get(v.object.metadata.resourceVersion!) ?? v.when } : v));
}

async function read(kind: Kind, path: string, last: string, signal: AbortSignal): Promise<Version[]> {
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
export function content(object: KubeObject): Omit<KubeObject, 'metadata'> & { metadata: object } {
  const { apiVersion, kind, metadata: { managedFields: _, resourceVersion: __, generation: ___, ...metadata }, ...rest } = object;
  const { 'kubectl.kubernetes.io/last-applied-configuration': ____, ...annotations } = metadata.annotations ?? {};
  return { apiVersion, kind, metadata: metadata.annotations ? { ...metadata, annotations } : metadata, ...rest };
}

const isStatusOnly = (a: KubeObject, b: KubeObject): boolean =>
  JSON.stringify({ ...content(a), status: null }) === JSON.stringify({ ...content(b), status: null });

/** Who wrote: of the owners of fields those first who own others than before, then those of what changed. */
function versionOf(what: Version['what'], object: KubeObject, before: KubeObject | undefined): Version {
  const key = (f: ManagedFields) => JSON.stringify([f.manager, f.subresource, f.time, f.fieldsV1]);
  const known = new Set(before?.metadata.managedFields?.map(key));
  const fields = object.metadata.managedFields ?? [];
  const isStatus = what === 'Changed' && before !== undefined && isStatusOnly(before, object);
  const newest = (a: ManagedFields, b: ManagedFields) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1);
  const rank = (f: ManagedFields) => Number(known.has(key(f))) * 2 + Number((f.subresource === 'status') !== isStatus);
  const writer = [...fields].sort((a, b) => rank(a) - rank(b) || newest(a, b))[0];
  if (what === 'Deleted') {
    return { what, object, who: '', when: object.metadata.deletionTimestamp ?? '', part: '' };
  }
  const when = [...fields].sort(newest)[0]?.time ?? object.metadata.creationTimestamp ?? '';
  return { what, object, who: writer?.manager ?? '', when, part: isStatus ? 'status' : writer?.subresource === 'status' ? '' : writer?.subresource ?? '' };
}
