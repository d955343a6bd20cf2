import type { KubeObject } from './api';

export type Tone = 'good' | 'warn' | 'bad' | 'info' | 'none';

const tones: [Tone, RegExp][] = [
  ['bad', /backoff|err|fail|evicted|oomkilled|lost|notready|unknown|invalid|unhealthy|deadline|nodelost|outof/i],
  ['warn', /pending|creating|init:|terminating|schedulingdisabled|suspended|paused|released|warning|progressing|gated/i],
  ['good', /^(running|ready|active|bound|complete|completed|succeeded|available|true|approved|issued|established)/i],
];

/** What a word in a status column bodes. */
export const toneOf = (word: string): Tone => tones.find(([, pattern]) => pattern.test(word))?.[0] ?? 'none';

/** `2/3` is not all of them. */
export function toneOfFraction(text: string): Tone {
  const found = /^(\d+)\/(\d+)$/.exec(text);
  return !found ? 'none' : found[1] === found[2] ? 'good' : 'warn';
}

export interface Condition { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string }

/** Conditions that are well when they are False. */
const adverse = /Pressure$|NetworkUnavailable|Failed$|FailureTarget|ReplicaFailure|Degraded|Stalled|Disrupted/;

export const conditionsOf = (object: KubeObject): Condition[] => object.status?.conditions ?? [];

export function toneOfCondition(condition: Condition): Tone {
  if (condition.status === 'Unknown') {
    return 'warn';
  }
  return (condition.status === 'True') !== adverse.test(condition.type) ? 'good' : 'bad';
}

/** One word for how an object is, and its tone. */
export function summary(object: KubeObject): { word: string; tone: Tone } | null {
  const say = (word: string, tone = toneOf(word)) => ({ word, tone });
  if (object.metadata.deletionTimestamp) {
    return say('Terminating', 'warn');
  }
  const { spec = {}, status = {} } = object;
  switch (object.kind) {
    case 'Pod': return say(podWord(object));
    case 'Node': {
      const ready = conditionsOf(object).find(c => c.type === 'Ready')?.status === 'True';
      return !ready ? say('NotReady', 'bad') : spec.unschedulable ? say('Cordoned', 'warn') : say('Ready');
    }
    case 'Deployment': case 'StatefulSet': case 'ReplicaSet': case 'ReplicationController': {
      const wanted = spec.replicas ?? 1;
      const ready = status.readyReplicas ?? 0;
      const text = `${ready}/${wanted} ready`;
      return spec.paused ? say(`Paused, ${text}`, 'warn') : say(text, ready >= wanted ? 'good' : 'warn');
    }
    case 'DaemonSet': {
      const wanted = status.desiredNumberScheduled ?? 0;
      const ready = status.numberReady ?? 0;
      return say(`${ready}/${wanted} ready`, ready >= wanted ? 'good' : 'warn');
    }
    case 'Job': {
      const ended = conditionsOf(object).find(c => ['Complete', 'Failed'].includes(c.type) && c.status === 'True');
      return ended ? say(ended.type) : say(spec.suspend ? 'Suspended' : 'Running');
    }
    case 'CronJob': return spec.suspend ? say('Suspended', 'warn') : say('Scheduled', 'good');
    default: break;
  }
  if (typeof status.phase === 'string') {
    return say(status.phase);
  }
  const main = conditionsOf(object).find(c => ['Ready', 'Available', 'Established'].includes(c.type));
  return main ? say(main.status === 'True' ? main.type : `Not${main.type}`, toneOfCondition(main)) : null;
}

/** Container statuses of all sorts, in the order of the spec. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function containersOf(pod: KubeObject): { sort: string; spec: any; status: any }[] {
  return [['init', 'initContainers', 'initContainerStatuses'], ['', 'containers', 'containerStatuses'],
    ['ephemeral', 'ephemeralContainers', 'ephemeralContainerStatuses']].flatMap(([sort, specs, statuses]) =>
    (pod.spec?.[specs!] ?? []).map((spec: { name: string }) => ({
      sort: sort!, spec,
      status: (pod.status?.[statuses!] ?? []).find((s: { name: string }) => s.name === spec.name),
    })));
}

function podWord(pod: KubeObject): string {
  const states = containersOf(pod).map(c => c.status?.state ?? {});
  const troubled = states.find(s => s.waiting?.reason && s.waiting.reason !== 'PodInitializing')?.waiting?.reason
    ?? (pod.status?.phase !== 'Succeeded'
      ? states.find(s => s.terminated && s.terminated.exitCode !== 0)?.terminated?.reason : undefined);
  return pod.status?.reason ?? troubled ?? pod.status?.phase ?? 'Unknown';
}
