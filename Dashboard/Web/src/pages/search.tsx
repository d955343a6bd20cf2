import { useEffect, useState } from 'preact/hooks';
import { ApiError, json, lines, query, send } from '../kernel/api';
import type { Status } from '../kernel/api';
import { amend, namespace, route } from '../kernel/route';
import type { Route } from '../kernel/route';
import { escaped } from '../kernel/text';
import { Button, Confirmed, Dialog, Empty, Loading, Switch, Trouble } from '../ui/basics';
import { Lines } from './logs';
import type { Line } from './logs';

interface Found { time: string; namespace?: string; pod?: string; container?: string; text: string; cursor: string }

interface Page { items: Found[]; metadata: { continue?: string }; search: { timedOut: boolean } }

const spans: [string, number][] = [['15 minutes', 900], ['hour', 3600], ['6 hours', 21_600], ['day', 86_400], ['week', 604_800]];
const levels = ['debug', 'info', 'warning', 'error', 'fatal'];
const pageSize = 500;
const mostLines = 5000;

let made = 0;
const lineOf = (found: Found): Line => ({
  key: made++, time: found.time, text: found.text, container: found.container ?? '',
  pod: namespace.value ? found.pod ?? '' : `${found.namespace}/${found.pod}`, cursor: found.cursor,
});

/** What is searched, as the address tells. */
interface Asked { text: string; pod: string; container: string; workload: string; level: string; seconds: number; until: string; follow: boolean }

function askedOf({ query }: Route): Asked {
  const of = (name: string) => query.get(name) ?? '';
  return {
    text: of('query'), pod: of('pod'), container: of('container'), workload: of('workload'), level: of('level'),
    seconds: Number(of('since')) || 3600, until: of('until'), follow: of('follow') === '1',
  };
}

/** The logs that the cluster keeps, those of pods that are gone included. */
export function SearchPage() {
  const asked = askedOf(route.value);
  const { text, pod, container, workload, level, seconds, until, follow } = asked;
  const [typed, setTyped] = useState(text);
  const [wrap, setWrap] = useState(false);
  const [older, setOlder] = useState<string | null>('');
  const [picked, setPicked] = useState<Line>();
  const { found, next, error, setFound, setError } = useSearch(asked);
  // Where the last older lines ended, or else those that came first; empty when there is nothing before.
  const onward = follow || older === null ? '' : older || next;
  const more = async () => {
    const page = await json<Page>(pathOf(asked, { limit: pageSize, continue: onward }));
    setError(undefined);
    setFound(before => [...page.items.reverse().map(lineOf), ...before].slice(0, mostLines));
    setOlder(page.metadata.continue || null);
  };
  useEffect(() => { setOlder(''); }, [JSON.stringify(asked), namespace.value]);
  const onSubmit = (event: Event) => {
    event.preventDefault();
    amend({ query: typed.trim() });
  };
  return (
    <div class="logs">
      <header class="heading"><h1>Logs</h1><span class="count">{found ? `${found.length} lines` : ''}</span></header>
      <form class="toolbar filtered" onSubmit={onSubmit} role="search">
        <div class="row">
          <input data-search type="search" value={typed} aria-label="Search all logs" onInput={e => setTyped(e.currentTarget.value)}
            placeholder={'Words, "phrases", /regex/, field=value, -without'} style={{ flex: 1, minWidth: '220px' }} />
          <button type="submit" class="button main">Search</button>
          <Switch title="Follow" on={follow} set={on => amend({ follow: on ? '1' : '', until: '' })} />
          <Switch title="Wrap" on={wrap} set={setWrap} />
        </div>
        <Confirmed value={pod} placeholder="Pod" label="Pod" set={text => amend({ pod: text })} />
        <Confirmed value={container} placeholder="Container" label="Container" set={text => amend({ container: text })} />
        <Confirmed value={workload} placeholder="Workload" label="Workload" set={text => amend({ workload: text })} />
        <select aria-label="Level" value={level} onChange={e => amend({ level: e.currentTarget.value })}>
          <option value="">Any level</option>
          {levels.map(l => <option key={l} value={l}>{l} and worse</option>)}
        </select>
        <select aria-label="Time" value={seconds} onChange={e => amend({ since: e.currentTarget.value })}>
          {spans.map(([title, count]) => <option key={count} value={count}>{until ? title : `Last ${title}`}</option>)}
        </select>
        <label class="switch">Until <input type="datetime-local" value={until} disabled={follow} title="Empty for now"
          onChange={e => amend({ until: e.currentTarget.value })} /></label>
      </form>
      <Trouble error={error} />
      {onward && found && <Button onClick={() => void more().catch(setError)}>Older lines</Button>}
      {error && !found?.length ? null : !found ? <Loading what="Searching" />
        : found.length === 0 ? <Empty>{onward ? 'No line has that so far: there was no time for all of it.' : 'No line has that.'}</Empty>
        : <Lines all={found} follow={older === ''} times wrap={wrap} isPod={false} matcher={matcherOf(text)} pick={setPicked} />}
      {picked && <Around line={picked} close={() => setPicked(undefined)} />}
    </div>
  );
}

const linesAround = 20;
const mostAround = 320;

/** What the same container said before and after a line. */
function Around({ line, close }: { line: Line; close: () => void }) {
  const [context, setContext] = useState(linesAround);
  const [found, setFound] = useState<Line[]>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    const stop = new AbortController();
    json<Page>(linesPath() + query({ around: line.cursor, context }), { signal: stop.signal }).then(
      page => setFound(page.items.map(lineOf)), (failure: Error) => { if (!stop.signal.aborted) { setError(failure); } });
    return () => stop.abort();
  }, [line.cursor, context]);
  useEffect(() => document.querySelector('dialog .line.marked')?.scrollIntoView({ block: 'center' }), [found]);
  return (
    <Dialog title={`Around ${line.time.slice(0, 19).replace('T', ' ')}, ${line.pod} ${line.container}`} close={close} wide>
      <Trouble error={error} />
      {found ? <Lines all={found} follow={false} times wrap isPod matcher={null} marked={line.cursor} /> : !error && <Loading />}
      <footer>
        <Button onClick={() => setContext(context * 2)} disabled={!found || context >= mostAround}>More lines</Button>
        <Button onClick={close}>Close</Button>
      </footer>
    </Dialog>
  );
}

const linesPath = (): string => `/apis/logs.orc.dev/v1/${namespace.value ? `namespaces/${encodeURIComponent(namespace.value)}/` : ''}lines`;

function pathOf({ text, pod, container, workload, level, seconds, until }: Asked, further: Record<string, string | number | boolean | undefined>): string {
  const end = Date.parse(until);
  const time = Number.isNaN(end) ? { sinceSeconds: seconds }
    : { sinceTime: new Date(end - seconds * 1000).toISOString(), untilTime: new Date(end).toISOString() };
  return linesPath() + query({ query: text, pod, container, workload, level, ...time, ...further });
}

/** What is marked in the lines: the first word, phrase or expression. */
function matcherOf(text: string): RegExp | null {
  const term = /(?:^|\s)(?:"([^"]+)"|\/(.+)\/|([^\s"/=-][^\s=]*))(?=\s|$)/.exec(text);
  try {
    return term ? new RegExp(term[2] ?? escaped(term[1] ?? term[3]!), term[2] ? '' : 'i') : null;
  } catch {
    return null;
  }
}

function useSearch(asked: Asked) {
  const [found, setFound] = useState<Line[] | null>(null);
  const [next, setNext] = useState('');
  const [error, setError] = useState<Error>();
  const key = JSON.stringify([asked, namespace.value]);
  useEffect(() => {
    const stop = new AbortController();
    setFound(null);
    setError(undefined);
    const search = async () => {
      const page = await json<Page>(pathOf(asked, { limit: pageSize }), { signal: stop.signal });
      setNext(page.metadata.continue ?? '');
      setFound(page.items.reverse().map(lineOf));
    };
    const followLines = async () => {
      const answer = await send(pathOf(asked, { limit: pageSize, watch: true }), { signal: stop.signal });
      setFound([]);
      for await (const event of lines(answer)) {
        const told = JSON.parse(event) as { type: 'ERROR'; object: Status } | { type: 'ADDED'; object: Found };
        if (told.type === 'ERROR') {
          throw new ApiError(told.object);
        }
        const line = lineOf(told.object);
        setFound(before => [...(before ?? []), line].slice(-mostLines));
      }
      throw new Error('The server tells no more lines: the connection has ended.');
    };
    void (asked.follow ? followLines() : search()).catch((failure: Error) => {
      if (!stop.signal.aborted) {
        setError(failure);
      }
    });
    return () => stop.abort();
  }, [key]);
  return { found, next, error, setError, setFound: (change: (before: Line[]) => Line[]) => setFound(before => change(before ?? [])) };
}
