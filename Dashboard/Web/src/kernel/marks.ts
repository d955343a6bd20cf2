import type { KubeObject } from './api';
import { lastSeen, timesSeen } from './events';
import { findResource, kindOf, kinds } from './kinds';
import type { Kind } from './kinds';
import { hrefOf, objectHref } from './route';
import { conditionsOf, containersOf, toneOfCondition } from './status';
import type { Tone } from './status';
import { content } from './versions';
import type { Version } from './versions';

export type Lane = 'events' | 'rollouts' | 'restarts' | 'conditions';

/** Something that happened to an object at some time. */
export interface Mark {
  /** The same for what is told by two sources. */
  key: string;
  time: number;
  lane: Lane;
  tone: Tone;
  title: string;
  text: string;
  about: string;
  href?: string;
}

const second = (time: string): number => Math.floor(Date.parse(time) / 1000) * 1000;

// --- Events ---------------------------------------------------------------------------------------------------------

interface Reference { kind?: string; name?: string; namespace?: string; apiVersion?: string }

const eventKey = (kind: string, namespace: string, name: string, reason: string, time: number) =>
  `event/${kind.toLowerCase()}/${namespace}/${name}/${reason}/${time}`;

/** An Event is a mark when it was seen last, and another one when it was seen first. */
export function marksOfEvent(event: KubeObject): Mark[] {
  const about: Reference = event.involvedObject ?? event.regarding ?? {};
  const [count, last] = [timesSeen(event), lastSeen(event)];
  const first = event.firstTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;
  const kind = about.kind ? kindOf(about.apiVersion || 'v1', about.kind) : undefined;
  const [reason, name] = [event.reason ?? '', about.name ?? ''];
  return [...new Set([second(first ?? last), second(last)])].map(time => ({
    key: eventKey(about.kind ?? '', about.namespace ?? '', name, reason, time),
    time, lane: 'events', tone: event.type === 'Warning' ? 'warn' : 'info',
    title: time === second(last) && count > 1 ? `${reason} ×${count}` : reason,
    text: event.message ?? event.note ?? '', about: `${about.kind ?? ''} ${name}`,
    href: kind && name ? objectHref(kind, kind.namespaced ? about.namespace : undefined, name, 'events') : undefined,
  }));
}

export interface EventLine { time: string; namespace?: string; text: string }

const linePattern = /^(\w+) (\S+) ([a-z0-9]+)\/(\S+): ([\s\S]*) \(reason=[^)]*\)$/;

/** An Event that is over, as the store of logs still has it. */
export function marksOfLine(line: EventLine): Mark[] {
  const found = linePattern.exec(line.text);
  if (!found) {
    return [];
  }
  const [, type, reason, word, name, text] = found as unknown as string[];
  const kind = kinds.value.find(k => k.kind.toLowerCase() === word);
  const namespace = kind?.namespaced === false ? '' : line.namespace ?? '';
  return [{
    key: eventKey(word!, namespace, name!, reason!, second(line.time)), time: second(line.time), lane: 'events',
    tone: type === 'Warning' ? 'warn' : 'info', title: reason!, text: text!, about: `${kind?.kind ?? word} ${name}`,
    href: kind && objectHref(kind, namespace || undefined, name!, 'events'),
  }];
}

// --- Rollouts -------------------------------------------------------------------------------------------------------

const revisionAnnotation = 'deployment.kubernetes.io/revision';

/** A ReplicaSet or ControllerRevision of a workload: a revision of it, at the time that it was made. */
export function marksOfRevision(object: KubeObject, revision: string): Mark[] {
  const owner = object.metadata.ownerReferences?.find(r => r.controller);
  const kind = owner && kindOf(owner.apiVersion, owner.kind);
  const number = object.metadata.annotations?.[revisionAnnotation] ?? revision;
  return !owner || !number ? [] : [{
    key: `revision/${object.metadata.uid}`, time: Date.parse(object.metadata.creationTimestamp ?? ''), lane: 'rollouts', tone: 'info',
    title: `Revision ${number}`, text: object.metadata.annotations?.['kubernetes.io/change-cause'] ?? `${object.metadata.name} was made.`,
    about: `${owner.kind} ${owner.name}`, href: kind && objectHref(kind, object.metadata.namespace, owner.name, 'revisions'),
  }];
}

// --- Restarts -------------------------------------------------------------------------------------------------------

interface Ended { exitCode: number; reason?: string; finishedAt?: string }

/** The last end of each of a pod's containers, as far as its status still has it. */
export function marksOfRestarts(pod: KubeObject): Mark[] {
  const kind = findResource('', 'pods')!;
  return containersOf(pod).flatMap(({ spec, status }) => {
    const ends: (Ended | undefined)[] = [status?.lastState?.terminated, status?.state?.terminated];
    return ends.filter(e => e?.finishedAt !== undefined).map((ended): Mark => ({
      key: `restart/${pod.metadata.uid}/${spec.name}/${ended!.finishedAt}`, time: Date.parse(ended!.finishedAt!), lane: 'restarts',
      tone: ended!.exitCode === 0 ? 'none' : 'bad',
      title: ended!.exitCode === 0 ? `${spec.name} ended` : `${spec.name} failed`,
      text: `Exit code ${ended!.exitCode}${ended!.reason ? ` (${ended!.reason})` : ''}, ${status.restartCount ?? 0} restarts by now.`,
      about: `Pod ${pod.metadata.name}`, href: hrefOf(kind, pod, 'logs'),
    }));
  });
}

// --- Conditions -----------------------------------------------------------------------------------------------------

/** When each condition became what it is. */
export function marksOfConditions(kind: Kind, object: KubeObject): Mark[] {
  return conditionsOf(object).filter(c => c.lastTransitionTime).map(c => ({
    key: `condition/${object.metadata.uid}/${c.type}/${c.lastTransitionTime}`, time: Date.parse(c.lastTransitionTime!), lane: 'conditions',
    tone: toneOfCondition(c), title: `${c.type}: ${c.status}`, text: [c.reason, c.message].filter(Boolean).join(': '),
    about: `${kind.kind} ${object.metadata.name}`, href: hrefOf(kind, object),
  }));
}

// --- The change log -------------------------------------------------------------------------------------------------

const tones: Record<Version['what'], Tone> = { Created: 'good', Changed: 'info', Deleted: 'bad' };

const conditionText = (object: KubeObject) => JSON.stringify(conditionsOf(object).map(c => [c.type, c.status]));

/** What an object's versions tell: who changed what was asked for, and each restart and condition there ever was. */
export function marksOfVersions(kind: Kind, versions: Version[]): Mark[] {
  return versions.flatMap((version, index): Mark[] => {
    const { object, what, who, when, part } = version;
    const before = versions[index - 1]?.object;
    const marks = [
      ...(kind.kind === 'Pod' ? marksOfRestarts(object) : []),
      ...(before && conditionText(before) === conditionText(object) ? [] : marksOfConditions(kind, object)),
    ];
    if (when && part !== 'status' && (what !== 'Changed' || !before || changesMore(before, object))) {
      marks.push({
        key: `version/${object.metadata.uid}/${object.metadata.resourceVersion}`, time: Date.parse(when), lane: 'rollouts',
        tone: tones[what], title: who ? `${what} by ${who}` : what, text: `Version ${object.metadata.resourceVersion}${part ? ` (${part})` : ''}`,
        about: `${kind.kind} ${object.metadata.name}`, href: hrefOf(kind, object, 'history'),
      });
    }
    return marks;
  });
}

/** False where only what controllers keep for themselves differs. */
const changesMore = (before: KubeObject, after: KubeObject): boolean =>
  JSON.stringify({ ...content(before), status: null }) !== JSON.stringify({ ...content(after), status: null });
