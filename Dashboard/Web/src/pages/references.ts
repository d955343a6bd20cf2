import { kindOf } from '../kernel/kinds';
import { objectHref } from '../kernel/route';

export interface Reference { apiVersion?: string; kind?: string; name?: string; namespace?: string }

/** Where a reference leads; nothing when its kind is not served. */
export function referenceHref(reference: Reference | undefined, namespace?: string): string | undefined {
  const kind = reference?.kind ? kindOf(reference.apiVersion ?? 'v1', reference.kind) : undefined;
  return kind && reference?.name
    ? objectHref(kind, kind.namespaced ? reference.namespace ?? namespace : undefined, reference.name) : undefined;
}
