import { computed, signal } from '@preact/signals';
import { knowsTime, serverTime } from './text';

// The token lives in this tab's session storage and goes out in the Authorization header alone: no other site's page
// can make the browser send it, and it is gone when the tab is closed.
const place = 'orc.token';

/** Why the last session ended, for the sign-in page. */
export const farewell = signal('');

/** The bearer token that every request carries; null while nobody is signed in. */
export const token = signal<string | null>(takeHandedOver() ?? sessionStorage.getItem(place));

/** What the token says of itself; nothing for opaque ones. */
export const claims = computed(() => claimsOf(token.value));

// `orc dashboard` hands the token over in the fragment, which browsers send to no server; it is taken out of the
// address, and so out of the history, at once.
function takeHandedOver(): string | null {
  const found = /^#token=([^&]+)/.exec(location.hash);
  if (!found) {
    return null;
  }
  history.replaceState(null, '', `${location.pathname}#/`);
  const given = decodeURIComponent(found[1]!);
  sessionStorage.setItem(place, given);
  return given;
}

export function claimsOf(given: string | null): { iss?: string; aud?: string | string[]; nonce?: string; exp?: number } {
  const body = given?.split('.')[1];
  if (!body) {
    return {};
  }
  try {
    const bytes = Uint8Array.from(atob(body.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}

export function signIn(given: string): void {
  sessionStorage.setItem(place, given);
  farewell.value = '';
  token.value = given;
}

export function signOut(why = ''): void {
  sessionStorage.removeItem(place);
  farewell.value = why;
  token.value = null;
}

/** How long after is looked again for the server's time, and the longest that browsers hold a timer. */
const untilTimeIsKnown = 5000;
const longestTimer = 2 ** 31 - 1;

let ending: number | undefined;
token.subscribe(watchEnd);

/** The server takes a token no longer than until its end, by the server's clock. */
function watchEnd(): void {
  clearTimeout(ending);
  const end = claims.value.exp;
  if (!end) {
    return;
  }
  const left = knowsTime() ? end * 1000 - serverTime() : untilTimeIsKnown;
  if (left > 0) {
    ending = window.setTimeout(watchEnd, Math.min(left, longestTimer));
  } else {
    signOut('The session has ended: its token has expired.');
  }
}
