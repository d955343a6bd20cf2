import { useLayoutEffect, useState } from 'preact/hooks';
import { ApiError, json, lines, query, send, tableAccept } from './api';
import type { KubeObject } from './api';
import { serverTime } from './text';

export interface Column { name: string; type: string; description?: string; priority: number }
export interface Row {
  cells: unknown[];
  object: KubeObject;
  /** When it came, by the server's clock: what cells say of ages they said then. */
  at?: number;
}

/** What is `still` was read, and may not be watched by who looks. */
export type Phase = 'loading' | 'live' | 'still' | 'retrying' | 'refused';

/** A list and what has become of it since. */
export interface Live {
  phase: Phase;
  rows: Row[];
  columns: Column[];
  error?: Error;
  /** True until everything has been read once. */
  partial: boolean;
  /** How many are still to be read, where the server tells. */
  remaining: number;
}

export interface Source {
  path: string;
  labels?: string;
  fields?: string;
  /** Rows with the server's columns instead of whole objects. */
  table?: boolean;
  /** False for kinds that cannot be watched. */
  watch?: boolean;
  /** The path of the only object that it can have: who may not list may get it. */
  one?: string;
}

/** A window is soon full: the first page comes quickly, and those after it are worth their requests. */
const firstPage = 50;
const laterPages = 500;
const firstPause = 500;
const longestPause = 20_000;

/** A watch that ends sooner, and has told nothing, ends so again: it counts as a failure, as client-go has it. */
const shortestWatch = 1000;

/** So long a list that nobody looks at is kept up to date: who goes from page to page finds it as it is. */
const afterlife = 10_000;

/** Each is a request that stays open, of which a connection has a hundred. */
const mostUnseen = 16;

interface Answer {
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items?: KubeObject[];
  rows?: Row[];
  columnDefinitions?: Column[];
}

const empty: Live = { phase: 'loading', rows: [], columns: [], partial: true, remaining: 0 };

/** Keeps one list up to date, for whoever looks at it: pages first, then a watch that resumes where it broke off. */
class Follower {
  latest = empty;
  private readonly viewers = new Set<(live: Live) => void>();
  private readonly rows = new Map<string, Row>();
  private readonly stop = new AbortController();
  private columns: Column[] = [];
  private version = '';
  private isWhole = false;
  private remaining = 0;
  private isOver = false;
  private isByName = false;
  private waiting = false;
  private ending: number | undefined;
  private wake = () => {};
  private look = () => {};
  private readonly isLookedAt = new Promise<void>(resolve => { this.look = resolve; });

  constructor(private readonly source: Source, private readonly forget: (self: Follower) => void) {
    this.begin();
  }

  private begin(): void {
    this.isOver = false;
    this.version = '';
    void this.run().finally(() => { this.isOver = true; });
  }

  /** Reads anew what is not followed. */
  again(): void {
    if (this.isOver) {
      this.begin();
    }
  }

  /** Tells of what becomes of it, until the function that it returns is called. */
  tell(viewer: (live: Live) => void): () => void {
    clearTimeout(this.ending);
    this.viewers.add(viewer);
    this.look();
    // Nobody new waits out a pause that began for others.
    this.wake();
    return () => {
      this.viewers.delete(viewer);
      if (this.isUnseen) {
        this.keep();
      }
    };
  }

  /** For a while, though nobody looks. */
  keep(): void {
    clearTimeout(this.ending);
    if (this.isOver) {
      this.end();
    } else {
      this.ending = window.setTimeout(() => this.end(), afterlife);
      endTooMany();
    }
  }

  get isUnseen(): boolean { return this.viewers.size === 0; }

  end(): void {
    clearTimeout(this.ending);
    this.stop.abort();
    this.forget(this);
  }

  private async run(): Promise<void> {
    let pause = firstPause;
    while (!this.stop.signal.aborted) {
      try {
        if (!this.version) {
          await this.read();
          pause = firstPause;
        }
        if (this.source.watch === false || !await this.watchIfAllowed(() => { pause = firstPause; })) {
          return;
        }
      } catch (failure) {
        if (this.stop.signal.aborted) {
          return;
        }
        const refused = failure instanceof ApiError && [400, 403, 404, 405, 406].includes(failure.code);
        if (failure instanceof ApiError && failure.code === 410) {
          this.version = '';
          continue;
        }
        // What was shown stays, unless it may no longer be seen.
        if (refused) {
          this.rows.clear();
        }
        this.publish(refused ? 'refused' : 'retrying', failure as Error);
        if (refused) {
          return;
        }
        await this.sleep(pause);
        pause = Math.min(pause * 2, longestPause);
      }
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => { clearTimeout(timer); resolve(); };
      this.stop.signal.addEventListener('abort', this.wake, { once: true });
      window.addEventListener('online', this.wake, { once: true });
    });
  }

  private parameters(more: Record<string, string | number | boolean | undefined>): string {
    return this.source.path + query({ labelSelector: this.source.labels, fieldSelector: this.source.fields, ...more });
  }

  private get accept(): string { return this.source.table ? `${tableAccept},application/json` : 'application/json'; }

  private async read(): Promise<void> {
    try {
      await this.list();
      this.isByName = false;
    } catch (failure) {
      if (!this.source.one || !isForbidden(failure)) {
        throw failure;
      }
      await this.get(this.source.one);
    }
  }

  /** The only one, by its name; none where there is none. */
  private async get(path: string): Promise<void> {
    const object = await json(path, { signal: this.stop.signal }).catch(failure => {
      if (failure instanceof ApiError && failure.code === 404) {
        return undefined;
      }
      throw failure;
    });
    this.rows.clear();
    if (object) {
      this.take({ cells: [], object });
    }
    this.version = object?.metadata.resourceVersion ?? '';
    this.isByName = true;
    this.isWhole = true;
    this.publish('live');
  }

  /** False for what may be read by its name and no more: it stays as it is. */
  private async watchIfAllowed(isBegun: () => void): Promise<boolean> {
    try {
      await this.watch(isBegun);
      return true;
    } catch (failure) {
      if (!this.isByName || !isForbidden(failure)) {
        throw failure;
      }
      await this.get(this.source.one!);
      this.publish('still');
      return false;
    }
  }

  private async list(): Promise<void> {
    const seen = new Set<string>();
    let next: string | undefined;
    let limit = firstPage;
    let version: string;
    do {
      const page: Answer = await json<Answer>(
        this.parameters({ limit, continue: next }), { accept: this.accept, signal: this.stop.signal });
      this.columns = page.columnDefinitions ?? this.columns;
      for (const row of rowsOf(page)) {
        seen.add(this.take(row));
      }
      version = page.metadata.resourceVersion;
      this.remaining = page.metadata.remainingItemCount ?? 0;
      next = page.metadata.continue;
      limit = laterPages;
      if (next) {
        this.publish('live');
        await this.isLookedAt.then(painted);
      }
    } while (next);
    for (const key of this.rows.keys()) {
      if (!seen.has(key)) {
        this.rows.delete(key);
      }
    }
    // Not before: what is watched from a version is to be complete.
    this.version = version;
    this.isWhole = true;
    this.publish('live');
  }

  private async watch(isBegun: () => void): Promise<void> {
    const began = performance.now();
    let hasTold = false;
    const answer = await send(
      this.parameters({ watch: 1, resourceVersion: this.version, allowWatchBookmarks: true }),
      { accept: this.accept, signal: this.stop.signal });
    if (this.latest.phase !== 'live') {
      this.publish('live');
    }
    for await (const line of lines(answer)) {
      const event = JSON.parse(line) as { type: string; object: KubeObject & Answer };
      if (event.type === 'ERROR') {
        throw new ApiError(event.object as never);
      }
      hasTold = true;
      isBegun();
      this.version = event.type === 'BOOKMARK' ? versionOf(event.object) : this.apply(event.type, event.object);
    }
    if (!hasTold && performance.now() - began < shortestWatch) {
      throw new Error('The watch ended as soon as it had begun.');
    }
    isBegun();
  }

  private apply(type: string, object: KubeObject & Answer): string {
    this.columns = object.columnDefinitions?.length ? object.columnDefinitions : this.columns;
    const changed = object.rows ?? [{ cells: [], object }];
    let version = this.version;
    for (const row of changed) {
      version = row.object.metadata.resourceVersion;
      if (type === 'DELETED') {
        this.rows.delete(row.object.metadata.uid);
      } else {
        this.take(row);
      }
    }
    this.publish('live');
    return version;
  }

  private take(row: Row): string {
    const key = row.object.metadata.uid ?? `${row.object.metadata.namespace}/${row.object.metadata.name}`;
    if (this.source.table) {
      // Who owns which field is the larger half of a row, and no list shows it.
      delete row.object.metadata.managedFields;
      row.at = serverTime();
    }
    this.rows.set(key, row);
    return key;
  }

  // Many events in one frame make one picture; the first is not waited for.
  private publish(phase: Phase, error?: Error): void {
    const isFirst = this.latest === empty;
    const { remaining, columns, isWhole } = this;
    this.latest = { ...this.latest, phase, error, columns, partial: !isWhole, remaining };
    if (isFirst || phase !== 'live') {
      this.show();
    } else if (!this.waiting) {
      this.waiting = true;
      setTimeout(() => {
        this.waiting = false;
        if (!this.stop.signal.aborted) {
          this.show();
        }
      }, this.rows.size > 1000 ? 250 : 30);
    }
  }

  private show(): void {
    this.latest = { ...this.latest, rows: [...this.rows.values()] };
    this.viewers.forEach(viewer => viewer(this.latest));
  }
}

/** The rest is not to hold up the picture of what is there. */
const painted = (): Promise<void> => new Promise(resolve => {
  if (document.hidden) {
    resolve();
  } else {
    requestAnimationFrame(() => setTimeout(resolve));
  }
});

const isForbidden = (failure: unknown): boolean => failure instanceof ApiError && failure.code === 403;

const rowsOf = (page: Answer): Row[] => page.rows ?? (page.items ?? []).map(object => ({ cells: [], object }));

const versionOf = (object: KubeObject & Answer): string =>
  object.rows?.[0]?.object.metadata.resourceVersion ?? object.metadata.resourceVersion;

/** What is followed: parts of a page, or pages one after the other, that look at the same have it read once. */
const followers = new Map<string, Follower>();

function endTooMany(): void {
  [...followers.values()].filter(f => f.isUnseen).slice(0, -mostUnseen).forEach(f => f.end());
}

/** What one user may see is nothing to the next. */
export const endAll = (): void => followers.forEach(f => f.end());

const keyOf = ({ path, labels, fields, table, watch, one }: Source): string =>
  JSON.stringify([path, labels || '', fields || '', table === true, watch !== false, one || '']);

function followerOf(source: Source): Follower {
  const key = keyOf(source);
  const found = followers.get(key) ?? new Follower(source, self => {
    if (followers.get(key) === self) {
      followers.delete(key);
    }
  });
  followers.set(key, found);
  return found;
}

/** Begins to read what will be looked at in a moment: as much as is seen first. */
export const foresee = (source: Source): void => followerOf(source).keep();

/** Reads anew what is shown and not followed. */
export const readAgain = (source: Source): void => followers.get(keyOf(source))?.again();

/** A list that stays up to date while it is shown; null shows nothing. */
export function useLive(source: Source | null): Live {
  const key = source ? keyOf(source) : '';
  const [state, setState] = useState<{ key: string; live: Live }>({ key: '', live: empty });
  const shown = state.key === key ? state.live : followers.get(key)?.latest ?? empty;
  // Before the browser paints: what comes meanwhile is not to wait for that.
  useLayoutEffect(() => {
    if (!source) {
      return;
    }
    const follower = followerOf(source);
    const show = (live: Live) => setState({ key, live });
    if (follower.latest !== shown) {
      show(follower.latest);
    }
    return follower.tell(show);
  }, [key]);
  return shown;
}
