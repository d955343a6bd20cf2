import type { KubeObject } from './api';
import type { Kind } from './kinds';
import { escaped } from './text';

// What upstream's names of children are made of beyond their owner's: no vowels, no 0, 1 and 3.
const letters = '[bcdfghjklmnpqrstvwxz2456789]';
const hash = `${letters}{5,10}`;
const ending = `${letters}{5}`;

/** By kind: which kinds of children there are, and what follows the owner's name in theirs. */
const children: Record<string, Record<string, string>> = {
  Deployment: { ReplicaSet: hash, Pod: `${hash}-${ending}` },
  StatefulSet: { Pod: '\\d+' },
  CronJob: { Job: '\\d+', Pod: `\\d+-${ending}` },
  ReplicaSet: { Pod: ending }, ReplicationController: { Pod: ending }, DaemonSet: { Pod: ending }, Job: { Pod: `(\\d+-)?${ending}` },
};

/** Kinds and patterns of names of an object and its children, those included that are gone. */
export function familyOf(kind: Kind, object: KubeObject): [kind: string, pattern: string][] {
  const name = escaped(object.metadata.name);
  return [[kind.kind, name], ...Object.entries(children[kind.kind] ?? {}).map(([k, rest]): [string, string] => [k, `${name}-${rest}`])];
}

/** Whether something is the object, or looks like a child of it. */
export function isOfFamily(family: [string, string][], kind: string, name: string): boolean {
  return family.some(([k, pattern]) => k === kind && new RegExp(`^${pattern}$`).test(name));
}
