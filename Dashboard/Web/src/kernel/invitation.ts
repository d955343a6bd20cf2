import { signal } from '@preact/signals';
import { ApiError, json, pathOf, send } from './api';
import type { KubeObject, Place } from './api';
import { claimsOf, invitation, signIn } from './session';
import type { Invitation } from './session';

// Whom `orc dashboard` invites as.
const space = 'kube-system';
const account = 'orc-dashboard';
const core = (resource: string): Place => ({ group: '', version: 'v1', resource, namespaced: true });
const session = pathOf(core('serviceaccounts'), space, account, 'token');

/** How an invitation is doing: true while the server is asked, else why it is not good. */
export const joining = signal<boolean | Error>(invitation !== undefined);

if (invitation) {
  accept(invitation).then(
    given => { joining.value = false; signIn(given); },
    (failure: Error) => { joining.value = failure; });
}

/** The token of a session, for an invitation that ends hereby. */
async function accept({ token, hours }: Invitation): Promise<string> {
  // Administrators alone have tokens of this account made: no address by others signs anybody in as somebody else.
  const { sub, 'kubernetes.io': bound } = claimsOf(token);
  if (sub !== `system:serviceaccount:${space}:${account}` || !bound?.secret) {
    throw new Error('This is no invitation from “orc dashboard”.');
  }
  const spec = { expirationSeconds: hours * 3600 };
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec });
  try {
    const given = (await json<KubeObject>(session, { method: 'POST', body, token })).status.token as string;
    await send(pathOf(core('secrets'), space, bound.secret.name), { method: 'DELETE', token: given });
    return given;
  } catch (failure) {
    throw failure instanceof ApiError && failure.code === 401
      ? new Error('This invitation has been used, or has ended. “orc dashboard” makes another.') : failure;
  }
}
