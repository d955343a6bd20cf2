export interface DiffLine { sign: ' ' | '+' | '-'; text: string }

const longestDiff = 4000;

/** The shortest way from one text to the other, line by line (Myers' algorithm on what lies between equal ends). */
export function diff(before: string, after: string): DiffLine[] {
  const a = before.split('\n');
  const b = after.split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) {
    start++;
  }
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) {
    end++;
  }
  const same = (text: string): DiffLine => ({ sign: ' ', text });
  return [
    ...a.slice(0, start).map(same),
    ...between(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...a.slice(a.length - end).map(same),
  ];
}

function between(a: string[], b: string[]): DiffLine[] {
  const plain = () => [
    ...a.map(text => ({ sign: '-', text }) as DiffLine), ...b.map(text => ({ sign: '+', text }) as DiffLine)];
  const most = a.length + b.length;
  if (a.length === 0 || b.length === 0 || most > longestDiff) {
    return plain();
  }
  const trace: Int32Array[] = [];
  const reach = new Int32Array(2 * most + 2);
  for (let d = 0; d <= most; d++) {
    trace.push(reach.slice());
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach[most + k - 1]! < reach[most + k + 1]!);
      let x = down ? reach[most + k + 1]! : reach[most + k - 1]! + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x++;
        y++;
      }
      reach[most + k] = x;
      if (x >= a.length && y >= b.length) {
        return walkBack(a, b, trace, most);
      }
    }
  }
  return plain();
}

function walkBack(a: string[], b: string[], trace: Int32Array[], most: number): DiffLine[] {
  const found: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d]!;
    const k = x - y;
    const down = k === -d || (k !== d && reach[most + k - 1]! < reach[most + k + 1]!);
    const beforeX = down ? reach[most + k + 1]! : reach[most + k - 1]!;
    const beforeY = beforeX - (down ? k + 1 : k - 1);
    while (x > beforeX && y > beforeY && x > 0 && y > 0) {
      found.push({ sign: ' ', text: a[--x]! });
      y--;
    }
    if (d > 0) {
      found.push(down ? { sign: '+', text: b[--y]! } : { sign: '-', text: a[--x]! });
    }
  }
  return found.reverse();
}

/** Only what changed, with a few lines around it; null stands for what is left out. */
export function hunks(all: DiffLine[], around = 3): (DiffLine | null)[] {
  const near = new Set<number>();
  all.forEach((line, index) => {
    if (line.sign !== ' ') {
      for (let i = index - around; i <= index + around; i++) {
        near.add(i);
      }
    }
  });
  return all.flatMap((line, index) => (near.has(index) ? [line] : near.has(index - 1) || index === 0 ? [null] : []));
}

/** Lines of a text, from one to before another, and what stands in their place. */
interface Edit { start: number; end: number; lines: string[] }

function edits(before: string, after: string): Edit[] {
  const found: Edit[] = [];
  let at = 0;
  let open: Edit | undefined;
  for (const line of diff(before, after)) {
    if (line.sign === ' ') {
      at++;
      open = undefined;
      continue;
    }
    if (!open) {
      open = { start: at, end: at, lines: [] };
      found.push(open);
    }
    if (line.sign === '-') {
      open.end = ++at;
    } else {
      open.lines.push(line.text);
    }
  }
  return found;
}

const isInsertion = (edit: Edit) => edit.start === edit.end;

/** Edits that stand side by side leave each other alone; two that add something at one place do not. */
const meet = (a: Edit, b: Edit) =>
  (a.start < b.end && b.start < a.end) || (isInsertion(a) && isInsertion(b) && a.start === b.start);

/** What is added before a line comes before what is done to it. */
const isBefore = (a: Edit, b: Edit) => a.start < b.start || (a.start === b.start && a.end < b.end);

export interface Merged { text: string; clashes: number }

/**
 * What two made of one text, in one: each line that one of them changed as that one has it. Where both changed the same
 * lines, mine count, and it is counted; where both added something, both is there, theirs first.
 */
export function merge(before: string, mine: string, theirs: string): Merged {
  const lines = before.split('\n');
  const [own, others] = [edits(before, mine), edits(before, theirs)];
  const text: string[] = [];
  let [at, clashes] = [0, 0];
  while (own.length > 0 || others.length > 0) {
    const first = Math.min(own[0]?.start ?? Infinity, others[0]?.start ?? Infinity);
    text.push(...lines.slice(at, first));
    const [a, b] = takeRegion(own, others);
    const [start, end] = [first, Math.max(first, ...[...a, ...b].map(e => e.end))];
    const [mineThere, theirsThere] = [a, b].map(side => replaced(lines, side, start, end));
    if (a.length === 0 || b.length === 0 || mineThere!.join('\n') === theirsThere!.join('\n')) {
      text.push(...(a.length > 0 ? mineThere! : theirsThere!));
    } else {
      clashes++;
      text.push(...([...a, ...b].every(isInsertion) ? [...theirsThere!, ...mineThere!] : mineThere!));
    }
    at = end;
  }
  return { text: [...text, ...lines.slice(at)].join('\n'), clashes };
}

/** Takes the next edit, and whatever of both meets it, or what was taken with it. */
function takeRegion(own: Edit[], others: Edit[]): [Edit[], Edit[]] {
  const taken: [Edit[], Edit[]] = [[], []];
  const sides = [own, others];
  const firstSide = own.length > 0 && !(others[0] && isBefore(others[0], own[0]!)) ? 0 : 1;
  taken[firstSide].push(sides[firstSide]!.shift()!);
  for (let more = true; more;) {
    more = false;
    for (const side of [0, 1]) {
      const next = sides[side]![0];
      if (next && taken[1 - side]!.some(e => meet(e, next))) {
        taken[side]!.push(sides[side]!.shift()!);
        more = true;
      }
    }
  }
  return taken;
}

function replaced(lines: string[], side: Edit[], start: number, end: number): string[] {
  const text: string[] = [];
  let at = start;
  for (const edit of side) {
    text.push(...lines.slice(at, edit.start), ...edit.lines);
    at = edit.end;
  }
  return [...text, ...lines.slice(at, end)];
}
