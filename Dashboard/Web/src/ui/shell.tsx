import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { effect, signal } from '@preact/signals';
import { online } from '../kernel/api';
import { who } from '../kernel/connection';
import { findResource, listable, menu, titleOf } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { mayProbably } from '../kernel/rights';
import { go, listHref, namespace, route, routeKind } from '../kernel/route';
import { claims, signOut } from '../kernel/session';
import { timeOfDay } from '../kernel/text';
import { Button, Confirmed, Icon, Later, Mark } from './basics';

const themePlace = 'orc.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** What the user chose; empty follows the system. */
const chosenTheme = signal(localStorage.getItem(themePlace) ?? '');
const systemTheme = signal(dark.matches ? 'dark' : 'light');
dark.addEventListener('change', event => { systemTheme.value = event.matches ? 'dark' : 'light'; });
export const theme = () => chosenTheme.value || systemTheme.value;
effect(() => { document.documentElement.dataset.theme = theme(); });

function turnTheme(): void {
  chosenTheme.value = theme() === 'dark' ? 'light' : 'dark';
  localStorage.setItem(themePlace, chosenTheme.value);
}

const titles: Record<string, string> = {
  '': 'Overview', changes: 'Recent changes', timeline: 'Timeline', logs: 'Logs', metrics: 'Metrics', create: 'Create',
};

// Tabs of a browser, and screen readers, tell pages apart by this.
effect(() => {
  const { page, parts } = route.value;
  const kind = routeKind.value;
  const own = page === 'object' ? `${parts[3] ?? ''} (${kind?.kind ?? '?'})` : page === 'list' ? kind && titleOf(kind) : titles[page];
  document.title = `${own ? `${own} · ` : ''}Orleans Orchestrator`;
});

const paletteOpen = signal(false);
const menuOpen = signal(false);

export function Shell({ children }: { children: ComponentChildren }) {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as HTMLElement).tagName)
        || (event.target as HTMLElement).closest?.('.xterm');
      if ((event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === ':' && !typing)) {
        event.preventDefault();
        paletteOpen.value = true;
      } else if (event.key === 'Escape') {
        menuOpen.value = false;
      } else if (event.key === '/' && !typing) {
        event.preventDefault();
        const field = document.querySelector<HTMLInputElement>('input[data-search]');
        if (field) {
          field.focus();
        } else {
          paletteOpen.value = true;
        }
      }
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, []);
  useEffect(() => { menuOpen.value = false; }, [route.value]);
  const mayCreate = listable.value.some(k => k.verbs.includes('create') && mayProbably('create', k));

  return (
    <div class={`shell ${menuOpen.value ? 'menu-open' : ''}`}>
      <a class="skip" href="#main" onClick={event => { event.preventDefault(); document.getElementById('main')?.focus(); }}>
        Skip to content
      </a>
      <Sidebar />
      <div class="scrim" onClick={() => { menuOpen.value = false; }} />
      <div class="page">
        <header class="top">
          <span class="only-narrow">
            <Button look="quiet" label="Menu" onClick={() => { menuOpen.value = true; }}><Icon name="menu" /></Button>
          </span>
          <NamespaceChoice />
          <button type="button" class="find" onClick={() => { paletteOpen.value = true; }}>
            <Icon name="search" /><span>Go to …</span><kbd>Ctrl K</kbd>
          </button>
          {mayCreate && <a class="button main" href="#/create" aria-label="Create from YAML"><Icon name="plus" /><span class="wide-only">Create</span></a>}
          <Button look="quiet" onClick={turnTheme} label={theme() === 'dark' ? 'Light theme' : 'Dark theme'}>
            <Icon name={theme() === 'dark' ? 'sun' : 'moon'} />
          </Button>
          <span class="who wide-only" title={claims.value.exp ? `Until ${timeOfDay(new Date(claims.value.exp * 1000))}` : ''}>
            {who.value}
          </span>
          <Button look="quiet" onClick={() => signOut()} label="Sign out" title="Sign out"><Icon name="leave" /></Button>
        </header>
        {!online.value && <div class="note warn" role="alert">The server does not answer. Trying again …</div>}
        <main id="main" tabIndex={-1}>{children}</main>
      </div>
      {paletteOpen.value && <Palette close={() => { paletteOpen.value = false; }} />}
    </div>
  );
}

function Sidebar() {
  return (
    <nav class="side" aria-label="Kinds">
      <a class="brand" href="#/"><Mark /><span>Orleans<br />Orchestrator</span></a>
      <a class={route.value.page === '' ? 'current' : ''} href="#/"><Icon name="heart" />Overview</a>
      <a class={route.value.page === 'changes' ? 'current' : ''} href="#/changes"><Icon name="clock" />Recent changes</a>
      <a class={route.value.page === 'timeline' ? 'current' : ''} href="#/timeline"><Icon name="marks" />Timeline</a>
      <a class={route.value.page === 'logs' ? 'current' : ''} href="#/logs"><Icon name="search" />Logs</a>
      <a class={route.value.page === 'metrics' ? 'current' : ''} href="#/metrics"><Icon name="chart" />Metrics</a>
      <Later><Menu /></Later>
    </nav>
  );
}

/** All kinds, under the headings of what people look for together. */
function Menu() {
  const current = routeKind.value;
  return (
    <>
      {menu.value.map(section => (
        <details key={section.title} open={section.title !== 'More' || section.members.includes(current!)}>
          <summary>{section.title}</summary>
          {section.members.map(kind => {
            const allowed = mayProbably('list', kind);
            return (
              <a key={`${kind.group}/${kind.resource}`} href={listHref(kind)} class={kind === current ? 'current' : allowed ? '' : 'denied'}
                aria-current={kind === current ? 'page' : undefined} title={allowed ? kind.group || 'core' : 'Not allowed here'}>
                {titleOf(kind)}
              </a>
            );
          })}
        </details>
      ))}
    </>
  );
}

/** Who may not list namespaces types theirs. */
function NamespaceChoice() {
  const kind = findResource('', 'namespaces');
  const live = useLive(kind ? { path: '/api/v1/namespaces', table: true } : null);
  const names = live.rows.map(r => r.object.metadata.name).sort();
  const set = (value: string) => { namespace.value = value; };
  return live.phase === 'refused' ? (
    <Confirmed class="space" label="Namespace" placeholder="Namespace" value={namespace.value} set={set} />
  ) : (
    <select class="space" aria-label="Namespace" value={namespace.value} onChange={event => set(event.currentTarget.value)}>
      <option value="">All namespaces</option>
      {[...new Set([...names, ...(namespace.value ? [namespace.value] : [])])].map(n => <option key={n} value={n}>{n}</option>)}
    </select>
  );
}

interface Choice { title: string; hint: string; href: string; words: string }

const mostChoices = 12;

function Palette({ close }: { close: () => void }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  // The keyboard goes on where it was.
  const before = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => () => before.current?.focus(), []);
  const choices = useMemo<Choice[]>(() => [
    { title: 'Overview', hint: '', href: '#/', words: 'overview home health' },
    { title: 'Recent changes', hint: '', href: '#/changes', words: 'recent changes history time travel' },
    { title: 'Timeline', hint: '', href: '#/timeline', words: 'timeline events rollouts restarts conditions happened' },
    { title: 'Logs', hint: '', href: '#/logs', words: 'logs search lines' },
    { title: 'Metrics', hint: '', href: '#/metrics', words: 'metrics charts usage cpu memory network top' },
    { title: 'Create from YAML', hint: '', href: '#/create', words: 'create apply yaml new' },
    ...listable.value.map(kind => ({
      title: titleOf(kind), hint: kind.group || 'core', href: listHref(kind),
      words: `${kind.resource} ${kind.kind} ${titleOf(kind)} ${kind.shortNames.join(' ')}`.toLowerCase(),
    })),
  ], [listable.value]);
  const wanted = text.trim().toLowerCase();
  const rank = (c: Choice) => (wanted === '' ? 0 : c.words.split(' ').includes(wanted) ? 0 : c.words.startsWith(wanted) ? 1 : 2);
  const found = choices.filter(c => c.words.includes(wanted)).sort((a, b) => rank(a) - rank(b)).slice(0, mostChoices);
  const pods = findResource('', 'pods');
  if (wanted && pods) {
    found.push({ title: `Pods named “${wanted}”`, hint: '', href: listHref(pods, `q=${encodeURIComponent(wanted)}`), words: '' });
  }
  const open = (choice: Choice | undefined) => {
    if (choice) {
      close();
      go(choice.href);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    } else if (event.key === 'Enter') {
      open(found[at]);
    } else if (event.key === 'Escape') {
      close();
    } else if (event.key === 'Tab') {
      // There is nothing else to go to until it is closed.
      event.preventDefault();
    }
  };
  return (
    <div class="palette-back" onMouseDown={event => { if (event.target === event.currentTarget) { close(); } }}>
      <div class="palette" role="dialog" aria-modal="true" aria-label="Go to">
        <input ref={e => e?.focus()} value={text} placeholder="Kind, page, or a pod's name" aria-label="Go to" role="combobox"
          aria-expanded="true" aria-controls="choices" aria-activedescendant={`choice-${at}`} onKeyDown={onKeyDown}
          onInput={event => { setText(event.currentTarget.value); setAt(0); }} />
        <ul id="choices" role="listbox">
          {found.map((c, index) => (
            <li key={c.href} id={`choice-${index}`} role="option" aria-selected={index === at} onMouseEnter={() => setAt(index)}
              onClick={() => open(c)}>{c.title}<small>{c.hint}</small></li>
          ))}
        </ul>
      </div>
    </div>
  );
}
