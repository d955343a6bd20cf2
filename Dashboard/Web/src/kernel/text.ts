import { signal } from '@preact/signals';

/** Ticks every ten seconds: what shows an age reads it. */
export const now = signal(Date.now());
setInterval(() => { now.value = Date.now(); }, 10_000);

/** How long ago, in kubectl's units. */
export function age(time: string | undefined): string {
  if (!time) {
    return '–';
  }
  const seconds = Math.max(0, Math.floor((Math.max(now.value, Date.now()) - Date.parse(time)) / 1000));
  const units: [number, string][] = [[86_400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']];
  const index = units.findIndex(([size]) => seconds >= size);
  if (index < 0) {
    return '0s';
  }
  const [size, unit] = units[index]!;
  const count = Math.floor(seconds / size);
  const below = units[index + 1];
  const rest = below && count < 10 ? Math.floor((seconds % size) / below[0]) : 0;
  return `${count}${unit}${rest > 0 ? `${rest}${below![1]}` : ''}`;
}

export const clock = (time: string | undefined): string =>
  time ? new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' }) : '–';

const suffixes: Record<string, number> = {
  n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
};

/** The number that a quantity stands for; 0 for none. */
export function quantity(text: string | number | undefined): number {
  const found = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(text ?? ''));
  return found ? Number(found[1]) * (suffixes[found[2]!] ?? 1) : 0;
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let index = 0;
  while (count >= 1024 && index < units.length - 1) {
    count /= 1024;
    index++;
  }
  return `${count >= 100 || index === 0 ? Math.round(count) : count.toFixed(1)} ${units[index]}`;
}

export const cores = (count: number): string =>
  count < 1 ? `${Math.round(count * 1000)}m` : `${Math.round(count * 100) / 100}`;

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
