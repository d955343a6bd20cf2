import { computed, signal } from '@preact/signals';
import { json } from './api';

/** A kind as discovery tells of it, in the version that the server prefers. */
export interface Kind {
  group: string;
  version: string;
  resource: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames: string[];
  subresources: string[];
}

interface Discovered {
  items?: {
    metadata?: { name?: string };
    versions: {
      version: string;
      resources?: {
        resource: string; responseKind?: { kind: string }; scope: string; verbs: string[]; shortNames?: string[];
        subresources?: { subresource: string }[];
      }[];
    }[];
  }[];
}

export const kinds = signal<Kind[]>([]);
export const listable = computed(() => kinds.value.filter(k => k.verbs.includes('list')));

const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export async function discover(): Promise<void> {
  const answers = await Promise.all(['/api', '/apis'].map(root => json<Discovered>(root, { accept })));
  const found = answers.flatMap(read);
  if (JSON.stringify(found) !== JSON.stringify(kinds.value)) {
    kinds.value = found;
  }
}

function read(answer: Discovered): Kind[] {
  const found = new Map<string, Kind>();
  for (const group of answer.items ?? []) {
    const name = group.metadata?.name ?? '';
    for (const { version, resources } of group.versions) {
      for (const r of resources ?? []) {
        const key = `${name}/${r.resource}`;
        if (!found.has(key)) {
          found.set(key, {
            group: name, version, resource: r.resource, kind: r.responseKind?.kind ?? r.resource,
            namespaced: r.scope === 'Namespaced', verbs: r.verbs, shortNames: r.shortNames ?? [],
            subresources: (r.subresources ?? []).map(s => s.subresource),
          });
        }
      }
    }
  }
  return [...found.values()];
}

export function findResource(group: string, resource: string): Kind | undefined {
  return kinds.value.find(k => k.group === group && k.resource === resource);
}

/** The kind of a name such as `apps/deployments`, or `pods` for what is of the core. */
export function byName(name: string): Kind | undefined {
  const at = name.indexOf('/');
  return findResource(name.slice(0, Math.max(at, 0)), name.slice(at + 1));
}

/** The kind that an object, or a reference to one, names. */
export function kindOf(apiVersion: string, kind: string): Kind | undefined {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
  return kinds.value.find(k => k.group === group && k.kind === kind);
}

export const apiVersionOf = (kind: Kind): string => (kind.group ? `${kind.group}/${kind.version}` : kind.version);

export function titleOf(kind: Kind): string {
  const words = kind.kind;
  return /(s|x|ch|sh)$/.test(words) ? (words.endsWith('Endpoints') ? words : `${words}es`)
    : /[^aeiou]y$/.test(words) ? `${words.slice(0, -1)}ies` : `${words}s`;
}

/** The menu: what people look for together. Kinds that stand nowhere here follow under their own heading. */
const sections: [string, string[]][] = [
  ['Workloads', ['pods', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'apps/replicasets', 'batch/jobs',
    'batch/cronjobs', 'replicationcontrollers', 'autoscaling/horizontalpodautoscalers', 'policy/poddisruptionbudgets']],
  ['Network', ['services', 'discovery.k8s.io/endpointslices', 'networking.k8s.io/ingresses',
    'networking.k8s.io/ingressclasses', 'networking.k8s.io/networkpolicies', 'endpoints']],
  ['Configuration', ['configmaps', 'secrets', 'resourcequotas', 'limitranges', 'scheduling.k8s.io/priorityclasses']],
  ['Storage', ['persistentvolumeclaims', 'persistentvolumes', 'storage.k8s.io/storageclasses',
    'storage.k8s.io/volumeattachments', 'storage.k8s.io/csidrivers', 'storage.k8s.io/csinodes']],
  ['Access', ['serviceaccounts', 'rbac.authorization.k8s.io/roles', 'rbac.authorization.k8s.io/rolebindings',
    'rbac.authorization.k8s.io/clusterroles', 'rbac.authorization.k8s.io/clusterrolebindings',
    'certificates.k8s.io/certificatesigningrequests']],
  ['Cluster', ['nodes', 'namespaces', 'events.k8s.io/events', 'apiextensions.k8s.io/customresourcedefinitions',
    'apiregistration.k8s.io/apiservices', 'coordination.k8s.io/leases']],
];

/** Whether a group is of Kubernetes itself. */
export const isBuiltIn = (group: string) =>
  !group.includes('.') || group.endsWith('.k8s.io');

export const menu = computed(() => {
  const placed = new Set<Kind>();
  const all = listable.value;
  const shown = sections.map(([title, names]) => {
    const members = names.map(byName).filter(k => k !== undefined && all.includes(k)) as Kind[];
    members.forEach(k => placed.add(k));
    return { title, members };
  });
  // Core events are the same objects as those of events.k8s.io.
  const rest = all.filter(k => !placed.has(k) && !(k.group === '' && k.resource === 'events'));
  const alphabetically = (a: Kind, b: Kind) => (a.kind < b.kind ? -1 : 1);
  return [
    ...shown,
    { title: 'Custom', members: rest.filter(k => !isBuiltIn(k.group)).sort(alphabetically) },
    { title: 'More', members: rest.filter(k => isBuiltIn(k.group)).sort(alphabetically) },
  ].filter(s => s.members.length > 0);
});
