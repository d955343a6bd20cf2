import { useEffect, useRef } from 'preact/hooks';
import type { ComponentChildren } from 'preact';

interface Editor {
  text: string;
  change?: (text: string) => void;
  label: string;
  /** Lines, from 0, that something is wrong with, and what. */
  marks?: Map<number, string>;
}

/** Of a text with more lines each stroke would have thousands of elements drawn anew: it has no colours. */
const mostPainted = 4000;

/** YAML with line numbers and colours: a text area over its painted copy. */
export function Editor({ text, change, label, marks }: Editor) {
  const area = useRef<HTMLTextAreaElement>(null);
  const first = marks ? Math.min(...marks.keys()) : Infinity;
  useEffect(() => {
    if (Number.isFinite(first)) {
      area.current?.closest('.editor')?.scrollTo({ top: Math.max(0, first - 4) * 20, behavior: 'smooth' });
    }
  }, [first]);

  const onKeyDown = (event: KeyboardEvent) => {
    const element = area.current!;
    if (event.key === 'Tab' && change && !event.shiftKey && !event.ctrlKey) {
      event.preventDefault();
      element.setRangeText('  ', element.selectionStart, element.selectionEnd, 'end');
      change(element.value);
    } else if (event.key === 'Escape') {
      // Tab is taken: Escape lets the keyboard out.
      element.blur();
    }
  };
  const rows = text.split('\n');
  const isPlain = rows.length > mostPainted;
  return (
    <div class="editor">
      <div class="gutter" aria-hidden="true">
        {isPlain ? <span class="plain">{rows.map((_, index) => index + 1).join('\n')}</span> : rows.map((_, index) => (
          <span key={index} class={marks?.has(index) ? 'wrong' : ''} title={marks?.get(index)}>{index + 1}</span>
        ))}
      </div>
      <div class="sheet">
        <pre aria-hidden="true">{isPlain ? `${text}\n` : rows.map((row, index) => (
          <div key={index} class={marks?.has(index) ? 'wrong' : ''}>{paint(row)}{'\n'}</div>))}</pre>
        <textarea ref={area} value={text} readOnly={!change} aria-label={label} spellcheck={false} autocomplete="off"
          autocapitalize="off" onInput={event => change?.(event.currentTarget.value)} onKeyDown={onKeyDown} />
      </div>
    </div>
  );
}

const comment = /^\s*#/;
const pair = /^(\s*(?:- )*)("[^"]*"|'[^']*'|[^\s:#][^:#]*?)(:)(\s+.*|)$/;

function paint(line: string): ComponentChildren {
  if (comment.test(line)) {
    return <i class="y-comment">{line}</i>;
  }
  const found = pair.exec(line);
  if (!found) {
    const item = /^(\s*- )(.*)$/.exec(line);
    return item ? <>{item[1]}{value(item[2]!)}</> : line;
  }
  return <>{found[1]}<i class="y-key">{found[2]}</i>{found[3]}{value(found[4]!)}</>;
}

function value(text: string): ComponentChildren {
  const bare = text.trim();
  const sort = /^["'].*["']$/.test(bare) ? 'y-text'
    : /^(-?\d+(\.\d+)?|true|false|null|~)$/.test(bare) ? 'y-value' : '';
  return sort ? <i class={sort}>{text}</i> : text;
}
