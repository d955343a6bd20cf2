import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { json, pathOf, query } from './api';
import type { KubeObject } from './api';
import { familyOf, isOfFamily } from './family';
import { findResource } from './kinds';
import type { Kind } from './kinds';
import { useLive } from './live';
import type { Live, Row } from './live';
import { marksOfConditions, marksOfEvent, marksOfLine, marksOfRestarts, marksOfRevision, marksOfVersions } from './marks';
import type { EventLine, Mark } from './marks';
import { podsSelector } from './selectors';
import { serverTime } from './text';
import { versionsOf } from './versions';

/** What a timeline is about: an object, a namespace, or (neither) the cluster. */
export interface Scope { namespace?: string; kind?: Kind; object?: KubeObject }

/** Milliseconds since 1970. */
export interface Stretch { from: number; to: number }

/** Events are an hour in the API; what is older the store of logs has. */
const eventsLife = 3_600_000;
const mostLines = 1000;
const mostRestarted = 60;

/** Of the pods that restarted last, so many are followed through the change log: one watch from the past for each. */
const mostFollowed = 12;
const mostMarks = 2000;

const none: never[] = [];

/** Everything that is known to have happened in a time, the newest last; `isCut` when that was more than is shown. */
export function useMarks(scope: Scope, stretch: Stretch, allEvents: boolean): { marks: Mark[]; isLoading: boolean; isCut: boolean } {
  const { kind, object } = scope;
  const events = useEvents(scope, allEvents);
  const older = useOlderEvents(scope, stretch, allEvents);
  const restarts = useRestarts(scope);
  const revisions = useRevisions(scope);
  const nodes = useLive(useServed('', 'nodes', !object && !scope.namespace));
  const versions = useVersions(kind, object);
  const all = useMemo(() => {
    const found = new Map<string, Mark>();
    const conditions = nodes.rows.flatMap(r => marksOfConditions(findResource('', 'nodes')!, r.object));
    for (const mark of [...older, ...events.marks, ...revisions, ...restarts, ...conditions, ...versions]) {
      found.set(mark.key, mark);
    }
    return [...found.values()].sort((a, b) => a.time - b.time);
  }, [events.marks, older, restarts, revisions, nodes.rows, versions]);
  return useMemo(() => {
    const there = all.filter(m => m.time >= stretch.from && m.time <= stretch.to);
    return { marks: there.slice(-mostMarks), isLoading: events.isLoading, isCut: there.length > mostMarks || older.length >= mostLines };
  }, [all, stretch.from, stretch.to, events.isLoading]);
}

function useServed(group: string, resource: string, isWanted: boolean, namespace?: string): { path: string; table?: boolean } | null {
  const kind = findResource(group, resource);
  return kind && isWanted ? { path: pathOf(kind, namespace) } : null;
}

/** The namespace that holds an object's events and children; none for all. */
const spaceOf = ({ namespace, kind, object }: Scope): string | undefined =>
  kind?.kind === 'Namespace' ? object!.metadata.name : object ? object.metadata.namespace : namespace;

/** Nothing narrows down what happens in a namespace, or the cluster. */
const isWide = ({ kind }: Scope): boolean => !kind || kind.kind === 'Namespace';

function useEvents(scope: Scope, all: boolean): { marks: Mark[]; isLoading: boolean } {
  const { kind, object } = scope;
  const family = object && !isWide(scope) ? familyOf(kind!, object) : null;
  const isAlone = family?.length === 1;
  const fields = [
    ...(all ? [] : ['type=Warning']),
    ...(isAlone ? [`involvedObject.kind=${kind!.kind}`, `involvedObject.name=${object!.metadata.name}`] : []),
  ].join();
  const source = useServed('', 'events', true, spaceOf(scope));
  const live = useLive(source && { ...source, fields });
  return useMemo(() => ({
    isLoading: live.phase === 'loading',
    marks: live.rows.map(r => r.object)
      .filter(e => !family || isOfFamily(family, e.involvedObject?.kind ?? '', e.involvedObject?.name ?? ''))
      .flatMap(marksOfEvent),
  }), [live.rows, live.phase]);
}

/** Events that are over: asked for once for each time that is looked at, to the minute. */
function useOlderEvents(scope: Scope, stretch: Stretch, all: boolean): Mark[] {
  const { kind, object } = scope;
  const space = spaceOf(scope);
  const family = object && !isWide(scope) ? familyOf(kind!, object) : null;
  const minutes = (time: number) => new Date(Math.floor(time / 60_000) * 60_000).toISOString();
  const path = stretch.from > serverTime() - eventsLife - 60_000 ? ''
    : `/apis/logs.orc.dev/v1/${space ? `namespaces/${encodeURIComponent(space)}/` : ''}lines` + query({
      source: 'events', limit: mostLines, level: all ? undefined : 'warning', sinceTime: minutes(stretch.from), untilTime: minutes(stretch.to + 60_000),
      query: family ? `/^\\w+ \\S+ (${family.map(([k, pattern]) => `${k.toLowerCase()}\\/${pattern}`).join('|')}): /` : undefined,
    });
  const [marks, setMarks] = useState<Mark[]>(none);
  useEffect(() => {
    setMarks(none);
    if (!path) {
      return;
    }
    const stop = new AbortController();
    // Who may not read logs, or has none kept, sees what the API still has.
    json<{ items: EventLine[] }>(path, { signal: stop.signal })
      .then(page => setMarks(page.items.flatMap(marksOfLine)), () => undefined);
    return () => stop.abort();
  }, [path]);
  return marks;
}

/** Seconds that a table's `3 (5m2s ago)` is old; nothing for pods that never restarted. */
function restartedAgo(cell: unknown): number | undefined {
  const found = /^\d+ \((.+) ago\)$/.exec(String(cell ?? ''));
  const sizes: Record<string, number> = { y: 31_536_000, d: 86_400, h: 3600, m: 60, s: 1 };
  return found ? [...found[1]!.matchAll(/(\d+)([ydhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * sizes[unit!]!, 0) : undefined;
}

/** Restarts of the pods that did so last: the table tells which, and each is read for when and why, now and before. */
function useRestarts(scope: Scope): Mark[] {
  const { kind, object } = scope;
  const isPod = kind?.kind === 'Pod';
  const selector = !object || kind?.kind === 'Namespace' ? {} : isPod ? null : podsSelector({ ...object, kind: kind!.kind });
  const source = useServed('', 'pods', selector !== null, spaceOf(scope));
  const live = useLive(source && { ...source, ...selector, table: true });
  const restarted = useMemo(() => newestRestarted(live), [live.rows]);
  const [marks, setMarks] = useState<Mark[]>(none);
  const known = useRef(new Map<string, Mark[]>());
  const key = restarted.map(r => r.key).join();
  useEffect(() => {
    const stop = new AbortController();
    void Promise.all(restarted.map(async ({ row, key: each }, index) => {
      const found = known.current.get(each) ?? await restartsOf(row.object, index < mostFollowed, stop.signal);
      known.current.set(each, found);
      return found;
    })).then(found => setMarks(found.flat()), () => undefined);
    return () => stop.abort();
  }, [key]);
  return useMemo(() => (isPod ? marksOfRestarts(object!) : marks), [isPod, object, marks]);
}

/** A pod that restarted, and what changes when it does so again. */
interface Restarted { row: Row; key: string }

function newestRestarted(live: Live): Restarted[] {
  const at = live.columns.findIndex(c => c.name === 'Restarts');
  return live.rows.map(row => ({ row, ago: restartedAgo(row.cells[at]) })).filter(r => r.ago !== undefined)
    .sort((a, b) => a.ago! - b.ago!).slice(0, mostRestarted)
    .map(({ row }) => ({ row, key: `${row.object.metadata.uid}@${parseInt(String(row.cells[at]), 10)}` }));
}

/** A pod's restarts: the last of each container, and those before as far as the change log goes. */
async function restartsOf(pod: KubeObject, isFollowed: boolean, signal: AbortSignal): Promise<Mark[]> {
  const pods = findResource('', 'pods')!;
  const [now, before] = await Promise.all([
    json<KubeObject>(pathOf(pods, pod.metadata.namespace, pod.metadata.name), { signal }).then(marksOfRestarts, unlessStopped(signal)),
    isFollowed ? versionsOf(pods, pod, signal).then(all => all.flatMap(v => marksOfRestarts(v.object)), unlessStopped(signal)) : none,
  ]);
  return [...before, ...now];
}

/** What is gone meanwhile, or may not be seen, tells nothing. */
const unlessStopped = (signal: AbortSignal) => (error: Error): Mark[] => {
  if (signal.aborted) {
    throw error;
  }
  return none;
};

const rolling = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Namespace']);

function useRevisions(scope: Scope): Mark[] {
  const { kind, object } = scope;
  const isWanted = !kind || rolling.has(kind.kind);
  const sets = useServed('apps', 'replicasets', isWanted, spaceOf(scope));
  const kept = useServed('apps', 'controllerrevisions', isWanted, spaceOf(scope));
  const liveSets = useLive(sets && { ...sets, table: true });
  const liveKept = useLive(kept && { ...kept, table: true });
  return useMemo(() => {
    const isMeant = (row: Row) => isWide(scope) || row.object.metadata.ownerReferences?.some(r => r.uid === object!.metadata.uid);
    const at = liveKept.columns.findIndex(c => c.name === 'Revision');
    return [
      ...liveSets.rows.filter(isMeant).flatMap(r => marksOfRevision(r.object, '')),
      ...liveKept.rows.filter(isMeant).flatMap(r => marksOfRevision(r.object, String(r.cells[at] ?? ''))),
    ];
  }, [liveSets.rows, liveKept.rows, object?.metadata.uid]);
}

/** The object's own versions in the change log; a namespace has none that tell anything. */
function useVersions(kind: Kind | undefined, object: KubeObject | undefined): Mark[] {
  const [marks, setMarks] = useState<Mark[]>(none);
  useEffect(() => {
    if (!kind || !object || !kind.verbs.includes('watch')) {
      return;
    }
    const stop = new AbortController();
    // What the change log no longer has is left out, and so is what one may not see.
    versionsOf(kind, object, stop.signal).then(
      versions => setMarks(versions.length > 0 ? marksOfVersions(kind, versions) : marksOfConditions(kind, object)),
      () => { if (!stop.signal.aborted) { setMarks(marksOfConditions(kind, object)); } });
    return () => stop.abort();
  }, [object?.metadata.uid, object?.metadata.resourceVersion]);
  return marks;
}
