import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import type { Tone } from '../kernel/status';
import { hunks } from '../kernel/diff';
import type { DiffLine } from '../kernel/diff';

const shapes: Record<string, string> = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14Zm5 12 5 5',
  menu: 'M3 6h18M3 12h18M3 18h18',
  close: 'M5 5l14 14M19 5 5 19',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.5 1.5m11 11L19 19M5 19l1.5-1.5m11-11L19 5',
  moon: 'M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z',
  plus: 'M12 5v14M5 12h14',
  leave: 'M14 4h5v16h-5M4 12h11m-4-4 4 4-4 4',
  chevron: 'm9 6 6 6-6 6',
  heart: 'M12 20S4 15 4 9a4 4 0 0 1 8-1.5A4 4 0 0 1 20 9c0 6-8 11-8 11Z',
  clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Zm0 4v5l3 2',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  check: 'm4 12 5 5L20 6',
  chart: 'M4 4v16h16M8 15l3.5-4 3 2.5L20 7',
  marks: 'M3 17h18M7 17v-4M12 17V7M17 17v-6',
};

/** A field whose text counts once it is confirmed: until then what was typed stays, however often a live page is drawn anew. */
export function Confirmed({ label, value, set, ...rest }: {
  label: string; value: string; set: (value: string) => void; class?: string; placeholder?: string;
}) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return (
    <input {...rest} value={typed} aria-label={label} spellcheck={false}
      onInput={event => setTyped(event.currentTarget.value)} onChange={event => set(event.currentTarget.value.trim())} />
  );
}

export function Icon({ name }: { name: string }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={shapes[name]} /></svg>
  );
}

/** The project's sign: three silos on one ring. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="10" fill="none" stroke="currentColor" stroke-width="3" />
      <circle cx="16" cy="6" r="4.5" fill="currentColor" />
      <circle cx="7.4" cy="21" r="4.5" fill="currentColor" />
      <circle cx="24.6" cy="21" r="4.5" fill="currentColor" />
    </svg>
  );
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}><i aria-hidden="true" /><span>{children}</span></span>;
}

interface Press { onClick: () => void; children: ComponentChildren; look?: 'main' | 'plain' | 'danger' | 'quiet';
  disabled?: boolean; title?: string; label?: string }

export function Button({ onClick, children, look = 'plain', disabled, title, label }: Press) {
  return (
    <button type="button" class={`button ${look}`} onClick={onClick} disabled={disabled} title={title} aria-label={label}>
      {children}
    </button>
  );
}

export function Switch({ title, on, set, disabled }: { title: string; on: boolean; set: (on: boolean) => void; disabled?: boolean }) {
  return <label class="switch"><input type="checkbox" checked={on} disabled={disabled} onChange={e => set(e.currentTarget.checked)} /> {title}</label>;
}

export function Loading({ what = 'Loading' }: { what?: string }) {
  return <div class="loading" role="status"><span class="spinner" aria-hidden="true" />{what} …</div>;
}

/** What is below waits until what is above has been seen. */
export function Later({ children }: { children: ComponentChildren }) {
  const [isDue, setDue] = useState(false);
  useEffect(() => setDue(true), []);
  return isDue ? <>{children}</> : null;
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

export function Trouble({ error }: { error: Error | undefined }) {
  return error ? <div class="note bad" role="alert">{error.message}</div> : null;
}

export function Panel({ title, children, aside }: {
  title: ComponentChildren; children: ComponentChildren; aside?: ComponentChildren;
}) {
  return (
    <section class="panel">
      <header><h2>{title}</h2>{aside}</header>
      {children}
    </section>
  );
}

export function Bar({ share, tone = 'info', label }: { share: number; tone?: Tone; label: string }) {
  const percent = Math.round(Math.min(1, Math.max(0, share)) * 100);
  return (
    <div class={`bar ${tone}`} role="meter" aria-label={label} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100}>
      <i style={{ width: `${percent}%` }} />
    </div>
  );
}

/** A window above the page; Escape and a click beside it close it. */
export function Dialog({ title, close, children, wide }: {
  title: string; close: () => void; children: ComponentChildren; wide?: boolean;
}) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    box.current?.showModal();
    return () => before?.focus?.();
  }, []);
  return (
    <dialog ref={box} class={wide ? 'wide' : ''} aria-label={title}
      onCancel={event => { event.preventDefault(); close(); }}
      onMouseDown={event => { if (event.target === box.current) { close(); } }}>
      <div class="dialog">
        <header><h2>{title}</h2><Button look="quiet" onClick={close} label="Close"><Icon name="close" /></Button></header>
        {children}
      </div>
    </dialog>
  );
}

export function DiffView({ lines }: { lines: DiffLine[] }) {
  const shown = hunks(lines);
  if (!lines.some(l => l.sign !== ' ')) {
    return <Empty>Nothing differs.</Empty>;
  }
  return (
    <pre class="diff" tabIndex={0} aria-label="Differences">
      {shown.map((line, index) => line === null
        ? <span key={index} class="gap">{'⋯\n'}</span>
        : <span key={index} class={line.sign === '+' ? 'added' : line.sign === '-' ? 'removed' : ''}>
          {`${line.sign} ${line.text}\n`}
        </span>)}
    </pre>
  );
}

/** Hands a file to the browser. */
export function saveAs(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

interface Toast { id: number; text: string; tone: Tone }

const toasts = signal<Toast[]>([]);
const toastLife = 6000;
let lastToast = 0;

/** Says in passing what came of something. */
export function tell(text: string, tone: Tone = 'good'): void {
  const toast = { id: ++lastToast, text, tone };
  toasts.value = [...toasts.value.slice(-3), toast];
  setTimeout(() => { toasts.value = toasts.value.filter(t => t !== toast); }, toastLife);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(t => <div key={t.id} class={`toast ${t.tone}`}>{t.text}</div>)}
    </div>
  );
}

export function Tabs({ tabs, current, choose }: {
  tabs: { id: string; title: string }[]; current: string; choose: (id: string) => void;
}) {
  // A tab that an address names may not be there for everybody: the keyboard gets to the others all the same.
  const isThere = tabs.some(t => t.id === current);
  // On a phone it may be beyond the edge.
  useEffect(() => document.getElementById(`tab-${current}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), [current, tabs.length]);
  const onKeyDown = (event: KeyboardEvent) => {
    const at = tabs.findIndex(t => t.id === current);
    const steps: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 };
    const to = steps[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const next = tabs[(to + tabs.length) % tabs.length]!;
      choose(next.id);
      document.getElementById(`tab-${next.id}`)?.focus();
    }
  };
  return (
    <div class="tabs" role="tablist" onKeyDown={onKeyDown}>
      {tabs.map((t, index) => (
        <button key={t.id} id={`tab-${t.id}`} type="button" role="tab" aria-selected={t.id === current}
          tabIndex={t.id === current || (index === 0 && !isThere) ? 0 : -1} onClick={() => choose(t.id)}>{t.title}</button>
      ))}
    </div>
  );
}

/** Narrow screens get fewer columns. */
export const narrow = signal(matchMedia('(max-width: 760px)').matches);
matchMedia('(max-width: 760px)').addEventListener('change', event => { narrow.value = event.matches; });
