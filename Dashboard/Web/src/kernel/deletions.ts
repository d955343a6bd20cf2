import { json, query } from './api';
import type { Kind } from './kinds';

/** An object that is gone. */
export interface Deletion { time: string; namespace?: string; name: string; uid: string; resourceVersion: string }

const most = 1000;

/** What of a kind went of late, the newest first, as far as the change log knows: an object itself does not tell when. */
export async function deletionsOf(kind: Kind, namespace: string | undefined, seconds: number, signal: AbortSignal): Promise<Deletion[]> {
  const space = kind.namespaced && namespace ? `namespaces/${encodeURIComponent(namespace)}/` : '';
  const path = `/apis/history.orc.dev/v1/${space}deletions/${kind.resource}${kind.group ? `.${kind.group}` : ''}`;
  return (await json<{ items: Deletion[] }>(path + query({ sinceSeconds: Math.ceil(seconds), limit: most }), { signal })).items;
}
