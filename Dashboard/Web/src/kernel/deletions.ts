import { ApiError, json, query } from './api';
import type { Kind } from './kinds';

/** An object that is gone. */
export interface Deletion { time: string; namespace?: string; name: string; uid: string; resourceVersion: string }

/** The server tells no more at once. */
export const mostDeletions = 1000;

/**
 * What of a kind went of late, the newest first, as far as the change log knows: an object itself does not tell when.
 * Of kinds that another server has, nothing is known.
 */
export async function deletionsOf(kind: Kind, namespace: string | undefined, seconds: number, signal: AbortSignal): Promise<Deletion[]> {
  const space = kind.namespaced && namespace ? `namespaces/${encodeURIComponent(namespace)}/` : '';
  const path = `/apis/history.orc.dev/v1/${space}deletions/${kind.resource}${kind.group ? `.${kind.group}` : ''}`;
  try {
    return (await json<{ items: Deletion[] }>(path + query({ sinceSeconds: Math.ceil(seconds), limit: mostDeletions }), { signal })).items;
  } catch (failure) {
    if (failure instanceof ApiError && failure.code === 404) {
      return [];
    }
    throw failure;
  }
}
