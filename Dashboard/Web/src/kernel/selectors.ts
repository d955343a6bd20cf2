import type { KubeObject } from './api';

/** How the pods of an object are found: by labels, or by a field; null for what has none. */
export function podsSelector(object: KubeObject): { labels?: string; fields?: string } | null {
  const { spec, kind, metadata } = object;
  if (kind === 'Node') {
    return { fields: `spec.nodeName=${metadata.name}` };
  }
  if (kind === 'Service' || kind === 'ReplicationController') {
    return spec?.selector && Object.keys(spec.selector).length > 0 ? { labels: equalities(spec.selector) } : null;
  }
  return spec?.selector?.matchLabels || spec?.selector?.matchExpressions ? { labels: selectorText(spec.selector) } : null;
}

const equalities = (labels: Record<string, string>) => Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(',');

interface Requirement { key: string; operator: string; values?: string[] }

function selectorText(selector: { matchLabels?: Record<string, string>; matchExpressions?: Requirement[] }): string {
  const wanted = (selector.matchExpressions ?? []).map(({ key, operator, values = [] }) =>
    operator === 'Exists' ? key : operator === 'DoesNotExist' ? `!${key}` : `${key} ${operator.toLowerCase()} (${values.join(',')})`);
  return [equalities(selector.matchLabels ?? {}), ...wanted].filter(Boolean).join(',');
}
