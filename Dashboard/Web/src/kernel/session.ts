import { computed, signal } from '@preact/signals';
import { knowsTime, serverTime } from './text';

// The token lives in this tab's session storage and goes out in the Authorization header alone: no other site's page
// can make the browser send it, and it is gone when the tab is closed.
const place = 'orc.token';

/** Why the last session ended, for the sign-in page. */
export const farewell = signal('');

/** A way in that `orc dashboard` has made: a token that is good for one sign-in, and how long the session is to last. */
export interface Invitation { token: string; hours: number }

const invited = /^#token=([^&]+)(?:&hours=(\d+))?/;

/** With what one came here; nothing for who comes by oneself. */
export const invitation = takeInvitation();

/** The bearer token that every request carries; null while nobody is signed in. */
export const token = signal<string | null>(sessionStorage.getItem(place));

/** What the token says of itself; nothing for opaque ones. */
export const claims = computed(() => claimsOf(token.value));

// Browsers send the fragment to no server. It is taken out of the address at once; what a browser's history has kept of
// it all the same is worth nothing once the invitation has been used.
function takeInvitation(): Invitation | undefined {
  const found = invited.exec(location.hash);
  if (!found) {
    return undefined;
  }
  history.replaceState(null, '', `${location.pathname}#/`);
  return { token: decodeURIComponent(found[1]!), hours: Number(found[2] ?? 1) };
}

// Who pastes one where the page is open already.
window.addEventListener('hashchange', () => {
  if (invited.test(location.hash)) {
    location.reload();
  }
});

interface Claims {
  iss?: string; sub?: string; aud?: string | string[]; nonce?: string; exp?: number;
  'kubernetes.io'?: { secret?: { name: string } };
}

export function claimsOf(given: string | null): Claims {
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
