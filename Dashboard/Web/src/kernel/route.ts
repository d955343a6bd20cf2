import { computed, signal } from '@preact/signals';
import type { Kind } from './kinds';
import { findResource } from './kinds';
import type { KubeObject } from './api';

// Where one is stands in the fragment, so that the server needs to know one page only.
const place = signal(location.hash);
window.addEventListener('hashchange', () => { place.value = location.hash; });

export interface Route { page: string; parts: string[]; query: URLSearchParams }

/** A part of an address; one that nobody has encoded stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const route = computed<Route>(() => {
  const [path = '', query = ''] = place.value.replace(/^#\/?/, '').split('?');
  const [page = '', ...parts] = path.split('/').map(decoded);
  return { page, parts, query: new URLSearchParams(query) };
});

export function go(href: string): void {
  location.hash = href;
}

/** Says in the address what one looks at, without a step in the history. */
export function amend(values: Record<string, string>): void {
  const query = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(values)) {
    if (value) {
      query.set(name, value);
    } else {
      query.delete(name);
    }
  }
  const text = query.toString();
  history.replaceState(null, '', `${location.hash.split('?')[0] || '#/'}${text ? `?${text}` : ''}`);
  place.value = location.hash;
}

export const listHref = (kind: Kind, query = '') =>
  `#/list/${kind.group || 'core'}/${kind.resource}${query ? `?${query}` : ''}`;

export const objectHref = (kind: Kind, namespace: string | undefined, name: string, tab = '') =>
  `#/object/${kind.group || 'core'}/${kind.resource}/${encodeURIComponent(namespace || '-')}/${encodeURIComponent(name)}`
  + (tab ? `?tab=${tab}` : '');

export const hrefOf = (kind: Kind, object: KubeObject, tab = '') =>
  objectHref(kind, object.metadata.namespace, object.metadata.name, tab);

/** The kind that the address names. */
export const routeKind = computed<Kind | undefined>(() => {
  const [group, resource] = route.value.parts;
  return resource ? findResource(group === 'core' ? '' : group!, resource) : undefined;
});

const remembered = 'orc.namespace';

/** The namespace that lists show; empty for all. */
export const namespace = signal(localStorage.getItem(remembered) ?? '');
namespace.subscribe(value => localStorage.setItem(remembered, value));
