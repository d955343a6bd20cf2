import type { KubeObject } from './api';

/** When an Event was seen last, whichever way its reporter counts. */
export const lastSeen = (event: KubeObject): string =>
  event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp;

export const timesSeen = (event: KubeObject): number => event.count ?? event.series?.count ?? 1;

export const newestFirst = (events: KubeObject[]): KubeObject[] =>
  [...events].sort((a, b) => Date.parse(lastSeen(b)) - Date.parse(lastSeen(a)));
