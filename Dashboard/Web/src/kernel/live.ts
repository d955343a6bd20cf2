import { useEffect, useState } from 'preact/hooks';
import { ApiError, json, lines, query, send, tableAccept } from './api';
import type { KubeObject } from './api';

export interface Column { name: string; type: string; description?: string; priority: number }
export interface Row { cells: unknown[]; object: KubeObject }

export type Phase = 'loading' | 'live' | 'retrying' | 'refused';

/** A list and what has become of it since. */
export interface Live { phase: Phase; rows: Row[]; columns: Column[]; error?: Error; partial: boolean }

export interface Source {
  path: string;
  labels?: string;
  fields?: string;
  /** Rows with the server's columns instead of whole objects. */
  table?: boolean;
  /** False for kinds that cannot be watched. */
  watch?: boolean;
}

const pageSize = 500;
const firstPause = 500;
const longestPause = 20_000;

interface Answer { metadata: { resourceVersion: string; continue?: string }; items?: KubeObject[]; rows?: Row[];
  columnDefinitions?: Column[] }

const empty: Live = { phase: 'loading', rows: [], columns: [], partial: true };

/** Keeps one list up to date: pages first, then a watch that resumes where it broke off. */
class Follower {
  private readonly rows = new Map<string, Row>();
  private readonly stop = new AbortController();
  private columns: Column[] = [];
  private version = '';
  private waiting = false;
  private latest: Pick<Live, 'phase' | 'error' | 'partial'> = { phase: 'loading', partial: false };

  constructor(private readonly source: Source, private readonly show: (live: Live) => void) {}

  end(): void { this.stop.abort(); }

  async run(): Promise<void> {
    let pause = firstPause;
    while (!this.stop.signal.aborted) {
      try {
        if (!this.version) {
          await this.list();
          pause = firstPause;
        }
        if (this.source.watch === false) {
          return;
        }
        await this.watch();
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
      const wake = () => { clearTimeout(timer); resolve(); };
      this.stop.signal.addEventListener('abort', wake, { once: true });
      window.addEventListener('online', wake, { once: true });
    });
  }

  private parameters(more: Record<string, string | number | boolean | undefined>): string {
    return this.source.path + query({ labelSelector: this.source.labels, fieldSelector: this.source.fields, ...more });
  }

  private get accept(): string { return this.source.table ? `${tableAccept},application/json` : 'application/json'; }

  private async list(): Promise<void> {
    const seen = new Set<string>();
    let next: string | undefined;
    do {
      const page: Answer = await json<Answer>(
        this.parameters({ limit: pageSize, continue: next }), { accept: this.accept, signal: this.stop.signal });
      this.columns = page.columnDefinitions ?? this.columns;
      for (const row of rowsOf(page)) {
        seen.add(this.take(row));
      }
      this.version = page.metadata.resourceVersion;
      next = page.metadata.continue;
      this.publish('live', undefined, Boolean(next));
    } while (next);
    for (const key of this.rows.keys()) {
      if (!seen.has(key)) {
        this.rows.delete(key);
      }
    }
    this.publish('live');
  }

  private async watch(): Promise<void> {
    const answer = await send(
      this.parameters({ watch: 1, resourceVersion: this.version, allowWatchBookmarks: true }),
      { accept: this.accept, signal: this.stop.signal });
    this.publish('live');
    for await (const line of lines(answer)) {
      const event = JSON.parse(line) as { type: string; object: KubeObject & Answer };
      if (event.type === 'ERROR') {
        throw new ApiError(event.object as never);
      }
      this.version = event.type === 'BOOKMARK' ? versionOf(event.object) : this.apply(event.type, event.object);
    }
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
    }
    this.rows.set(key, row);
    return key;
  }

  // Many events in one frame make one picture.
  private publish(phase: Phase, error?: Error, partial = false): void {
    // A picture that waits shows what came last, not what it was asked for with.
    this.latest = { phase, error, partial };
    const picture = () => this.show({ ...this.latest, rows: [...this.rows.values()], columns: this.columns });
    if (phase !== 'live') {
      picture();
    } else if (!this.waiting) {
      this.waiting = true;
      setTimeout(() => {
        this.waiting = false;
        if (!this.stop.signal.aborted) {
          picture();
        }
      }, this.rows.size > 1000 ? 250 : 30);
    }
  }
}

const rowsOf = (page: Answer): Row[] => page.rows ?? (page.items ?? []).map(object => ({ cells: [], object }));

const versionOf = (object: KubeObject & Answer): string =>
  object.rows?.[0]?.object.metadata.resourceVersion ?? object.metadata.resourceVersion;

/** A list that stays up to date while it is shown; null shows nothing. */
export function useLive(source: Source | null): Live {
  const key = source ? JSON.stringify(source) : '';
  const [state, setState] = useState<{ key: string; live: Live }>({ key, live: empty });
  useEffect(() => {
    if (!source) {
      return;
    }
    const follower = new Follower(source, live => setState({ key, live }));
    void follower.run();
    return () => follower.end();
  }, [key]);
  return state.key === key ? state.live : empty;
}
