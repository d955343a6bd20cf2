import { useEffect, useState } from 'preact/hooks';
import { joining } from '../kernel/invitation';
import { finish, hasReturned, issuers, leaveFor } from '../kernel/oidc';
import type { Issuer } from '../kernel/oidc';
import { go } from '../kernel/route';
import { parse } from '../kernel/yaml';
import { farewell, signIn } from '../kernel/session';
import { Button, Loading, Mark, Trouble } from '../ui/basics';

interface Kubeconfig {
  'current-context'?: string;
  contexts?: { name: string; context: { user: string; namespace?: string } }[];
  users?: { name: string; user: { token?: string; 'client-certificate-data'?: string; exec?: unknown } }[];
}

/** The token in what was given: a bare token, or a kubeconfig whose current context has one. */
async function tokenIn(given: string): Promise<string> {
  const text = given.trim();
  if (!/\s/.test(text)) {
    return text;
  }
  const config = await parse(text) as Kubeconfig;
  const context = config?.contexts?.find(c => c.name === config['current-context']) ?? config?.contexts?.[0];
  const user = config?.users?.find(u => u.name === context?.context.user)?.user;
  if (!user) {
    throw new Error('This is neither a token nor a kubeconfig with a user in its current context.');
  }
  if (!user.token) {
    throw new Error(user['client-certificate-data']
      ? 'This kubeconfig has a client certificate, which a page cannot use. “orc dashboard” opens a session with it.'
      : 'The kubeconfig’s user has no token of its own. “kubectl create token” makes one.');
  }
  return user.token;
}

const nameOf = (issuer: Issuer): string => {
  const { host, pathname } = new URL(issuer.issuer);
  return host + pathname.replace(/\/$/, '');
};

// The answer of an issuer is good once: whoever signs out later begins anew.
let isFinishing = hasReturned;

export function SignIn() {
  const [text, setText] = useState('');
  const [error, setError] = useState<Error>();
  const [others, setOthers] = useState<Issuer[]>([]);
  const [isBusy, setBusy] = useState(isFinishing);
  useEffect(() => {
    issuers().then(setOthers, () => undefined);
    if (isFinishing) {
      isFinishing = false;
      finish().then(({ token, place }) => { go(place || '#/'); signIn(token); }, failure => { setError(failure as Error); setBusy(false); });
    }
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    tokenIn(text).then(signIn, setError);
  };
  const read = async (files: FileList | null) => {
    if (files?.[0]) {
      tokenIn(await files[0].text()).then(signIn, setError);
    }
  };
  return (
    <div class="alone">
      <form class="signin" onSubmit={submit}>
        <Mark />
        <h1>Orleans Orchestrator</h1>
        <p>Sign in with a bearer token or a kubeconfig that holds one. The token stays in this tab, and you see what its user may see.</p>
        {farewell.value && <div class="note warn" role="status">{farewell.value}</div>}
        <Trouble error={error ?? (joining.value instanceof Error ? joining.value : undefined)} />
        {(isBusy || joining.value === true) && <Loading what="Signing in" />}
        {others.map(issuer => (
          <Button key={issuer.issuer} look="main" disabled={isBusy} onClick={() => void leaveFor(issuer).catch(setError)}>Sign in with {nameOf(issuer)}</Button>
        ))}
        <label for="token">Token or kubeconfig</label>
        <textarea id="token" class="secret" rows={4} value={text} spellcheck={false} autocomplete="off" required
          onInput={event => setText(event.currentTarget.value)} ref={e => { if (e && !text) { e.focus(); } }} />
        <div class="row">
          <button type="submit" class="button main">Sign in</button>
          <label class="button">Open kubeconfig
            <input type="file" class="hidden" onChange={event => void read(event.currentTarget.files)} />
          </label>
        </div>
        <p class="hint"><code>orc dashboard</code> opens this page signed in. Elsewhere: <code>kubectl create token NAME</code></p>
      </form>
    </div>
  );
}
