import { pathOf } from './api';
import type { Place } from './api';
import type { Source } from './live';
import { namespace } from './route';
import type { Route } from './route';

const core = (resource: string, namespaced = true): Place => ({ group: '', version: 'v1', resource, namespaced });

const isClusterWide = (resource: string): boolean => ['nodes', 'namespaces', 'persistentvolumes'].includes(resource);

export interface Told { place: Place; table?: boolean; fields?: string }

/** What the overview tells of; of the many it reads the server's columns alone. */
export const told = {
  pods: { place: core('pods'), table: true },
  nodes: { place: core('nodes', false) },
  deployments: { place: { ...core('deployments'), group: 'apps' }, table: true },
  jobs: { place: { ...core('jobs'), group: 'batch' } },
  claims: { place: core('persistentvolumeclaims') },
  warnings: { place: core('events'), fields: 'type=Warning' },
} satisfies Record<string, Told>;

/** Where it is, in a namespace or (empty) in all. */
export const sourceOf = ({ place, ...how }: Told, space: string): Source => ({ path: pathOf(place, space || undefined), ...how });

/** Groups whose kinds are all of version 1: their lists are found without asking what the server has. */
const plainGroups: Record<string, string> = { core: '', apps: 'apps', batch: 'batch' };

/** What a page will look at, as far as its address tells. */
export function foreseen({ page, parts: [group, resource], query }: Route): Source[] {
  if (page === '') {
    return Object.values(told).map(t => sourceOf(t, namespace.peek()));
  }
  const plain = plainGroups[group ?? ''];
  if (page !== 'list' || plain === undefined || !resource) {
    return [];
  }
  const place = { ...core(resource, !isClusterWide(resource)), group: plain };
  return [{ ...sourceOf({ place, table: true, fields: query.get('fields') ?? '' }, namespace.peek()), labels: query.get('labels') ?? '' }];
}
