import { signal } from '@preact/signals';
import { ApiError, json } from './api';
import { foreseen } from './foresight';
import { discover, kinds } from './kinds';
import { endAll, foresee } from './live';
import { route } from './route';
import { token } from './session';

const patience = 2000;

interface Review { status?: { userInfo?: { username?: string } } }

/** The name of who is signed in; empty until the server has told. */
export const who = signal('');

/** Why there is no connection; undefined while there is one, or may come one. */
export const trouble = signal<Error | undefined>(undefined);

let again: number | undefined;

// Whoever signs in has everything asked for at once, before there is anything to show it in.
token.subscribe(given => {
  clearTimeout(again);
  endAll();
  kinds.value = [];
  who.value = '';
  trouble.value = undefined;
  if (given) {
    foreseen(route.peek()).forEach(foresee);
    connect(given);
  }
});

function connect(given: string): void {
  const ifStill = (act: () => void) => { if (token.peek() === given) { act(); } };
  void Promise.all([whoAmI(), discover()]).then(
    ([name]) => ifStill(() => { trouble.value = undefined; who.value = name; }),
    (failure: Error) => ifStill(() => {
      trouble.value = failure;
      // What the server refuses it refuses again; a server that is away, or has no time, comes back.
      if (!(failure instanceof ApiError) || failure.code === 429 || failure.code >= 500) {
        again = window.setTimeout(() => connect(given), patience);
      }
    }));
}

async function whoAmI(): Promise<string> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const review = await json<Review>('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', body });
  return review.status?.userInfo?.username ?? '';
}
