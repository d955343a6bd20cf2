import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, json } from './kernel/api';
import { discover, kinds } from './kernel/kinds';
import { useNewKinds } from './kernel/newkinds';
import { readRules } from './kernel/rights';
import { namespace, route } from './kernel/route';
import { signOut, token } from './kernel/session';
import { Button, Empty, Loading, Toasts, Trouble } from './ui/basics';
import { Shell } from './ui/shell';
import { ChangesPage } from './pages/changes';
import { CreatePage } from './pages/create';
import { ListPage } from './pages/list';
import { MetricsPage } from './pages/metrics';
import { ObjectPage } from './pages/object';
import { Overview } from './pages/overview';
import { SearchPage } from './pages/search';
import { SignIn } from './pages/signin';
import { TimelinePage } from './pages/timeline';

const patience = 2000;

interface Review { status?: { userInfo?: { username?: string } } }

async function whoAmI(): Promise<string> {
  const body = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
  const review = await json<Review>('/apis/authentication.k8s.io/v1/selfsubjectreviews', { method: 'POST', body });
  return review.status?.userInfo?.username ?? '';
}

function Page() {
  const { page } = route.value;
  switch (page) {
    case '': return <Overview />;
    case 'list': return <ListPage />;
    case 'object': return <ObjectPage key={route.value.parts.join('/')} />;
    case 'create': return <CreatePage />;
    case 'logs': return <SearchPage key={namespace.value} />;
    case 'changes': return <ChangesPage />;
    case 'metrics': return <MetricsPage />;
    case 'timeline': return <TimelinePage key={namespace.value} />;
    default: return <Empty>There is no such page.</Empty>;
  }
}

function Session() {
  const [who, setWho] = useState<string | null>(null);
  const [error, setError] = useState<Error>();
  useEffect(() => {
    let again: number | undefined;
    const connect = () => void Promise.all([whoAmI(), discover()]).then(
      ([name]) => { setError(undefined); setWho(name); },
      (failure: Error) => {
        setError(failure);
        // What the server refuses it refuses again; a server that is away comes back.
        if (!(failure instanceof ApiError)) {
          again = window.setTimeout(connect, patience);
        }
      });
    connect();
    return () => clearTimeout(again);
  }, []);
  useEffect(() => { readRules(namespace.value || 'default').catch(() => undefined); }, [namespace.value]);
  if (error) {
    return (
      <div class="alone">
        <Trouble error={error instanceof ApiError ? error : new Error('The server does not answer. Trying again …')} />
        <Button onClick={() => signOut()}>Sign out</Button>
      </div>
    );
  }
  return who === null || kinds.value.length === 0 ? <div class="alone"><Loading what="Connecting" /></div>
    : <><NewKinds /><Shell who={who}><Page /></Shell></>;
}

/** By itself: what it is told of is drawn anew only where it shows. */
function NewKinds() {
  useNewKinds();
  return null;
}

function App() {
  return (
    <>
      {token.value ? <Session key={token.value} /> : <SignIn />}
      <Toasts />
    </>
  );
}

render(<App />, document.getElementById('app')!);
