import type { KubeObject } from './api';

/** What an object names without owning it: the resource and the name, in its own namespace. */
export interface Use { group: string; resource: string; name: string }

const use = (resource: string, name: string | undefined, group = ''): Use[] => (name ? [{ group, resource, name }] : []);

interface Source { configMapRef?: Named; secretRef?: Named; valueFrom?: { configMapKeyRef?: Named; secretKeyRef?: Named } }

interface Named { name?: string }

interface Volume {
  configMap?: Named; secret?: { secretName?: string }; persistentVolumeClaim?: { claimName?: string };
  projected?: { sources?: { configMap?: Named; secret?: Named }[] };
}

const ofSource = (s: Source): Use[] => [
  ...use('configmaps', s.configMapRef?.name ?? s.valueFrom?.configMapKeyRef?.name),
  ...use('secrets', s.secretRef?.name ?? s.valueFrom?.secretKeyRef?.name),
];

const ofVolume = (v: Volume): Use[] => [
  ...use('configmaps', v.configMap?.name), ...use('secrets', v.secret?.secretName),
  ...use('persistentvolumeclaims', v.persistentVolumeClaim?.claimName),
  ...(v.projected?.sources ?? []).flatMap(s => [...use('configmaps', s.configMap?.name), ...use('secrets', s.secret?.name)]),
];

/** What a pod, or the template of pods, names. */
function ofPod(spec: KubeObject['spec']): Use[] {
  const containers: { env?: Source[]; envFrom?: Source[] }[] = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return [
    ...((spec?.volumes ?? []) as Volume[]).flatMap(ofVolume),
    ...containers.flatMap(c => [...(c.envFrom ?? []), ...(c.env ?? [])].flatMap(ofSource)),
    ...((spec?.imagePullSecrets ?? []) as Named[]).flatMap(s => use('secrets', s.name)),
    ...use('serviceaccounts', spec?.serviceAccountName),
  ];
}

interface Backend { service?: Named }

function ofIngress(spec: KubeObject['spec']): Use[] {
  const paths: { backend?: Backend }[] = (spec?.rules ?? []).flatMap((r: { http?: { paths?: { backend?: Backend }[] } }) => r.http?.paths ?? []);
  return [
    ...[{ backend: spec?.defaultBackend as Backend | undefined }, ...paths].flatMap(p => use('services', p.backend?.service?.name)),
    ...((spec?.tls ?? []) as { secretName?: string }[]).flatMap(t => use('secrets', t.secretName)),
  ];
}

/** Everything of its namespace that an object names, each once. */
export function usesOf({ kind, spec }: KubeObject): Use[] {
  const all = kind === 'Pod' ? ofPod(spec) : kind === 'Ingress' ? ofIngress(spec)
    : kind === 'CronJob' ? ofPod(spec?.jobTemplate?.spec?.template?.spec) : spec?.template?.spec?.containers ? ofPod(spec.template.spec) : [];
  return [...new Map(all.map(u => [`${u.resource}/${u.name}`, u])).values()];
}

/** Whether the labels of a pod are those that a Service asks for. */
export const leadsTo = (service: KubeObject, pod: KubeObject): boolean => {
  const wanted = Object.entries((service.spec?.selector ?? {}) as Record<string, string>);
  return wanted.length > 0 && wanted.every(([k, v]) => pod.metadata.labels?.[k] === v);
};
