import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { lines, pathOf, query, send } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { namespace } from '../kernel/route';
import { podsSelector } from '../kernel/selectors';
import { containersOf } from '../kernel/status';
import { escaped } from '../kernel/text';
import { Button, Empty, Switch, saveAs } from '../ui/basics';

export interface Line { key: number; pod: string; container: string; time: string; text: string; cursor?: string }

const mostLines = 5000;
const mostStreams = 20;
const lineHeight = 19;

/** The logs of a pod, or of all pods of a workload as one stream in the order of time. */
export function Logs({ object }: { object: KubeObject }) {
  const pods = findResource('', 'pods')!;
  const isPod = object.kind === 'Pod';
  const live = useLive(isPod ? null : { path: pathOf(pods, object.metadata.namespace), ...podsSelector(object)! });
  const members = isPod ? [object] : live.rows.map(r => r.object);
  const names = [...new Set(members.flatMap(p => [...(p.spec.initContainers ?? []), ...p.spec.containers, ...(p.spec.ephemeralContainers ?? [])]
    .map((c: { name: string }) => c.name)))];
  const [container, setContainer] = useState('');
  const [follow, setFollow] = useState(true);
  const [previous, setPrevious] = useState(false);
  const [times, setTimes] = useState(false);
  const [wrap, setWrap] = useState(false);
  const [tail, setTail] = useState(500);
  const [search, setSearch] = useState('');
  const chosen = container || (isPod ? object.spec.containers[0].name : '');
  const targets = members.slice(0, mostStreams).flatMap(p =>
    (chosen ? [chosen] : p.spec.containers.map((c: { name: string }) => c.name))
      .filter((c: string) => names.includes(c))
      .map((c: string): Target => ({ pod: p.metadata.name, container: c, id: follow ? idOf(p, c) : '' })));
  const { shown, notes } = useLines(object.metadata.namespace!, targets, { follow, previous, tail });

  const matcher = useMemo(() => patternOf(search), [search]);
  const matching = matcher ? shown.filter(l => matcher.test(l.text)) : shown;
  const download = () => {
    const text = matching.map(l => `${isPod ? '' : `${l.pod} `}${l.time} ${l.text}`).join('\n');
    saveAs(`${object.metadata.name}.log`, new Blob([text], { type: 'text/plain' }));
  };
  return (
    <div class="logs">
      <div class="toolbar">
        <select aria-label="Container" value={chosen} onChange={e => setContainer(e.currentTarget.value)}>
          {!isPod && <option value="">All containers</option>}
          {names.map(n => <option key={n}>{n}</option>)}
        </select>
        <input data-search type="search" value={search} placeholder="Search, or /regex/" aria-label="Search the log" onInput={e => setSearch(e.currentTarget.value)} />
        <select aria-label="Lines" value={tail} onChange={e => setTail(Number(e.currentTarget.value))}>
          {[100, 500, 2000, 5000].map(n => <option key={n} value={n}>last {n}</option>)}
        </select>
        <Switch title="Follow" on={follow} set={setFollow} />
        <Switch title="Previous" on={previous} set={setPrevious} />
        <Switch title="Times" on={times} set={setTimes} />
        <Switch title="Wrap" on={wrap} set={setWrap} />
        <Button onClick={download}>Save</Button>
        <a class="button" href={searchHref(object)} onClick={() => { namespace.value = object.metadata.namespace!; }}
          title="Search what the cluster keeps, of pods that are gone, too">Search all</a>
        <span class="count">{matching.length}{matcher ? ` of ${shown.length}` : ''} lines{isPod ? '' : `, ${targets.length} streams`}</span>
      </div>
      {notes.map(n => <div key={n} class="note warn">{n}</div>)}
      {members.length > mostStreams && <div class="note warn">Of {members.length} pods the first {mostStreams} are read.</div>}
      <Lines all={matching} follow={follow} times={times} wrap={wrap} isPod={isPod} matcher={matcher} />
    </div>
  );
}

function searchHref(object: KubeObject): string {
  const name = encodeURIComponent(object.metadata.name);
  return object.kind === 'Pod' ? `#/logs?pod=${name}` : `#/logs?workload=${object.kind!.toLowerCase()}%2F${name}`;
}

function patternOf(text: string): RegExp | null {
  const inner = /^\/(.+)\/?$/.exec(text)?.[1]?.replace(/\/$/, '');
  try {
    return text === '' || text === '/' ? null : new RegExp(inner ?? escaped(text), 'i');
  } catch {
    return null;
  }
}

/** A stream; one that is followed begins when its container does, ends with it, and begins anew with the next. */
interface Target { pod: string; container: string; id: string }

const idOf = (pod: KubeObject, container: string): string =>
  containersOf(pod).find(c => c.spec.name === container)?.status?.containerID ?? '';

interface Choice { follow: boolean; previous: boolean; tail: number }

/** Reads all streams side by side, and keeps the newest lines in the order of their time. */
function useLines(namespace: string, targets: Target[], choice: Choice): { shown: Line[]; notes: string[] } {
  const [shown, setShown] = useState<Line[]>([]);
  const [notes, setNotes] = useState<string[]>([]);
  const key = JSON.stringify([targets, choice]);
  useEffect(() => {
    const stop = new AbortController();
    const gathered: Line[] = [];
    let count = 0;
    let frame = 0;
    setShown([]);
    setNotes([]);
    const publish = () => {
      frame ||= window.setTimeout(() => {
        frame = 0;
        gathered.sort((a, b) => (a.time === b.time ? a.key - b.key : a.time < b.time ? -1 : 1));
        gathered.splice(0, gathered.length - mostLines);
        setShown([...gathered]);
      }, 60);
    };
    const path = (pod: string) => pathOf(findResource('', 'pods')!, namespace, pod, 'log');
    const read = async ({ pod, container }: Target) => {
      const parameters = query({ container, follow: choice.follow && !choice.previous, previous: choice.previous, tailLines: choice.tail, timestamps: true });
      const answer = await send(path(pod) + parameters, { signal: stop.signal, accept: '*/*' });
      if (!answer.body || answer.status === 204) {
        return;
      }
      for await (const line of lines(answer)) {
        const at = line.indexOf(' ');
        gathered.push({ key: count++, pod, container, time: line.slice(0, at), text: line.slice(at + 1) });
        publish();
      }
    };
    targets.forEach(t => void read(t).catch((failure: Error) => {
      if (!stop.signal.aborted) {
        setNotes(n => [...n, `${t.pod}/${t.container}: ${failure.message}`].slice(-4));
      }
    }));
    return () => {
      stop.abort();
      clearTimeout(frame);
    };
  }, [key]);
  return { shown, notes };
}

const colours = 8;
const colourOf = (text: string) => [...text].reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 997, 7) % colours;

function levelOf(text: string): string {
  return /\b(error|fatal|panic|fail(ed|ure)?|exception)\b/i.test(text) ? 'bad' : /\bwarn(ing)?\b/i.test(text) ? 'warn' : '';
}

const moment = (line: Line): string => line.time.slice(0, 23).replace('T', ' ');

export function Lines({ all, follow, times, wrap, isPod, matcher, pick, marked }: {
  all: Line[]; follow: boolean; times: boolean; wrap: boolean; isPod: boolean; matcher: RegExp | null;
  /** Shows more of what is around a line. */
  pick?: (line: Line) => void;
  /** The cursor of a line that stands out. */
  marked?: string;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const pinned = useRef(true);
  useEffect(() => {
    if (follow && pinned.current && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [all, follow]);
  const onScroll = () => {
    const element = box.current!;
    pinned.current = element.scrollTop + element.clientHeight > element.scrollHeight - 40;
    setTop(element.scrollTop);
  };
  const first = wrap ? 0 : Math.max(0, Math.floor(top / lineHeight) - 30);
  const last = wrap ? all.length : Math.min(all.length, first + 160);
  if (all.length === 0) {
    return <Empty>No lines.</Empty>;
  }
  return (
    <div class={`log ${wrap ? 'wrapped' : ''}`} ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-label="Log lines" aria-live="off">
      <div style={wrap ? undefined : { height: `${all.length * lineHeight}px` }}>
        <div style={{ transform: `translateY(${wrap ? 0 : first * lineHeight}px)` }}>
          {all.slice(first, last).map(l => (
            <div key={l.key} class={`line ${levelOf(l.text)} ${marked && l.cursor === marked ? 'marked' : ''}`}>
              {!isPod && <b class={`from c${colourOf(l.pod)}`}>{l.pod}</b>}
              {times && (pick && l.cursor
                ? <button type="button" class="moment" title="What stands around this line" onClick={() => pick(l)}>{moment(l)}</button>
                : <time>{moment(l)}</time>)}
              <span>{matcher ? highlight(l.text, matcher) : l.text}</span>
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function highlight(text: string, matcher: RegExp) {
  const found = matcher.exec(text);
  return !found || found[0] === '' ? text
    : <>{text.slice(0, found.index)}<mark>{found[0]}</mark>{text.slice(found.index + found[0].length)}</>;
}
