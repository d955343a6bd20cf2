import { useEffect, useState } from 'preact/hooks';
import { json, query, tableAccept } from './api';
import type { Live, Row, Source } from './live';

/** How many there are, and how many of them are well. */
export interface Tally { count: number; well: number }

export type IsWell = (live: Pick<Live, 'columns'>, row: Row) => boolean;

/** A list that is longer is known when it has been read. */
const longest = 10_000;

/**
 * Counts a table while its pages are still being read: without objects, most of its bytes, all of it is there in the
 * time of one page. Null until counted, and when the list is whole, which then tells.
 */
export function useTally({ path, fields, labels }: Source, live: Live, isWell: IsWell): Tally | null {
  const asked = path + query({ includeObject: 'None', limit: longest, fieldSelector: fields, labelSelector: labels });
  const isWanted = live.phase === 'live' && live.partial;
  const [state, setState] = useState<{ asked: string; tally: Tally }>();
  useEffect(() => {
    if (!isWanted) {
      return;
    }
    const stop = new AbortController();
    // Who cannot be told counts what is read.
    json<{ rows: Row[]; columnDefinitions: Live['columns']; metadata: { continue?: string } }>(asked, { accept: tableAccept, signal: stop.signal })
      .then(({ rows, columnDefinitions: columns, metadata }) => {
        if (!metadata.continue) {
          setState({ asked, tally: { count: rows.length, well: rows.filter(r => isWell({ columns }, r)).length } });
        }
      }, () => undefined);
    return () => stop.abort();
  }, [asked, isWanted]);
  return isWanted && state?.asked === asked ? state.tally : null;
}
