import { signal } from '@preact/signals';

/** How far this machine's clock is behind the server's; undefined until an answer has told the time there. */
let behind: number | undefined;

/** Answers tell whole seconds, and were some time on their way: less is no difference. */
const leastDifference = 5000;

/** Learns from an answer what time it is on the server. */
export function learnTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now();
  if (!Number.isNaN(difference)) {
    behind = Math.abs(difference) < leastDifference ? 0 : difference;
  }
}

/** Whether the server has told the time. */
export const knowsTime = (): boolean => behind !== undefined;

/** What time it is on the server: times of objects are of its clock, and this machine's may be wrong. */
export const serverTime = (): number => Date.now() + (behind ?? 0);

/** Ticks every ten seconds: what shows an age reads it. */
export const now = signal(serverTime());
setInterval(() => { now.value = serverTime(); }, 10_000);

/** How long ago, in kubectl's units. */
export function age(time: string | undefined, unknown = '–'): string {
  if (!time) {
    return unknown;
  }
  const seconds = Math.max(0, Math.floor((Math.max(now.value, serverTime()) - Date.parse(time)) / 1000));
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

/** How many seconds a duration in kubectl's units is; nothing for what is none. */
export function secondsOf(duration: string): number | undefined {
  const found = /^(?:(\d+)y)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration);
  return found && duration
    ? found.slice(1).map(Number).reduce((sum, count, i) => sum + (count || 0) * [31_536_000, 86_400, 3600, 60, 1][i]!, 0) : undefined;
}

/** What formats dates takes milliseconds to make, and microseconds to use: each is made once, for who needs it first. */
function formatter(options: Intl.DateTimeFormatOptions): (time: string | number | Date) => string {
  let made: Intl.DateTimeFormat | undefined;
  return time => (made ??= new Intl.DateTimeFormat(undefined, options)).format(new Date(time));
}

const moment = formatter({ dateStyle: 'medium', timeStyle: 'medium' });

export const clock = (time: string | number | undefined): string => (time ? moment(time) : '–');

/** `30 Nov`, in the words of this place. */
export const dayAndMonth = formatter({ day: 'numeric', month: 'short' });

/** `16:05`, in the time of this place. */
export const timeOfDay = (time: Date): string =>
  [time.getHours(), time.getMinutes()].map(n => String(n).padStart(2, '0')).join(':');

/** A regular expression that finds just this. */
export const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

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
  count === 0 ? '0' : count < 1 ? `${Math.round(count * 1000)}m` : `${Math.round(count * 100) / 100}`;
