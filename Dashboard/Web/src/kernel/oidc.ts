import { claimsOf } from './session';

/** Who signs people in, as the silo was told of it. */
export interface Issuer { issuer: string; clientId: string; scopes: string; authorizationEndpoint: string; tokenEndpoint: string }

/** What is remembered while the browser is with the issuer. */
interface Pending { state: string; nonce: string; verifier: string; issuer: Issuer; place: string }

const place = 'orc.pending';
const page = () => `${location.origin}/dashboard/`;

export const issuers = async (): Promise<Issuer[]> => {
  const answer = await fetch('sign-in.json', { credentials: 'omit' });
  return answer.ok ? answer.json() as Promise<Issuer[]> : [];
};

const encode = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes)).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');

const random = (): string => encode(crypto.getRandomValues(new Uint8Array(32)));

/** Sends the browser to the issuer: authorization code with PKCE, since a page keeps no secret. */
export async function leaveFor(issuer: Issuer): Promise<void> {
  const pending: Pending = { state: random(), nonce: random(), verifier: random(), issuer, place: location.hash };
  const challenge = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(pending.verifier)));
  sessionStorage.setItem(place, JSON.stringify(pending));
  const address = new URL(issuer.authorizationEndpoint);
  const asked = {
    response_type: 'code', client_id: issuer.clientId, redirect_uri: page(), scope: issuer.scopes, state: pending.state,
    nonce: pending.nonce, code_challenge: encode(challenge), code_challenge_method: 'S256',
  };
  Object.entries(asked).forEach(([name, value]) => address.searchParams.set(name, value));
  location.assign(address);
}

/** With what the browser came back from an issuer; null when it did not. Neither address nor storage keep it. */
const returned = take();

function take(): { answer: URLSearchParams; pending: Pending | null } | null {
  const answer = new URLSearchParams(location.search);
  if (!answer.has('state') || !(answer.has('code') || answer.has('error'))) {
    return null;
  }
  const kept = sessionStorage.getItem(place);
  sessionStorage.removeItem(place);
  history.replaceState(null, '', page() + location.hash);
  return { answer, pending: kept ? JSON.parse(kept) as Pending : null };
}

export const hasReturned = returned !== null;

/** The token of who came back, and where they were before. */
export async function finish(): Promise<{ token: string; place: string }> {
  const { answer, pending } = returned!;
  if (!pending || answer.get('state') !== pending.state) {
    throw new Error('This answer belongs to no sign-in that was begun here. Try again.');
  }
  const { issuer } = pending;
  if (answer.has('iss') && answer.get('iss') !== issuer.issuer) {
    throw new Error('Another issuer answered than the one that was asked.');
  }
  if (answer.has('error')) {
    throw new Error(`The issuer refused: ${answer.get('error_description') || answer.get('error')}`);
  }
  const token = await change(issuer, answer.get('code')!, pending.verifier);
  const claims = claimsOf(token);
  if (claims.iss !== issuer.issuer || ![claims.aud].flat().includes(issuer.clientId) || claims.nonce !== pending.nonce) {
    throw new Error('The issuer’s token is not for this sign-in.');
  }
  return { token, place: pending.place };
}

async function change(issuer: Issuer, code: string, verifier: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'authorization_code', code, redirect_uri: page(), client_id: issuer.clientId, code_verifier: verifier,
  });
  let answer: Response;
  try {
    answer = await fetch(issuer.tokenEndpoint, { method: 'POST', body, credentials: 'omit', cache: 'no-store' });
  } catch {
    throw new Error('The issuer does not answer, or does not let this page ask: it must know its address as that of a public client.');
  }
  const given = await answer.json().catch(() => ({})) as { id_token?: string; error?: string; error_description?: string };
  if (!answer.ok || !given.id_token) {
    throw new Error(`The issuer gave no token: ${given.error_description || given.error || `it answered ${answer.status}`}`);
  }
  return given.id_token;
}
