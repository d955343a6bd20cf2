import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError } from './kernel/api';
import { trouble } from './kernel/connection';
import { joining } from './kernel/invitation';
import { kinds } from './kernel/kinds';
import { useNewKinds } from './kernel/newkinds';
import { readRules } from './kernel/rights';
import { namespace, route } from './kernel/route';
import { signOut, token } from './kernel/session';
import { Button, Empty, Later, Loading, Toasts, Trouble, tell } from './ui/basics';
import { Shell } from './ui/shell';
import { ListPage } from './pages/list';
import { Overview } from './pages/overview';
import { SignIn } from './pages/signin';
import { lazily } from './ui/lazy';

const ChangesPage = lazily(() => import('./pages/later').then(m => m.ChangesPage));
const CreatePage = lazily(() => import('./pages/later').then(m => m.CreatePage));
const MetricsPage = lazily(() => import('./pages/later').then(m => m.MetricsPage));
const ObjectPage = lazily(() => import('./pages/later').then(m => m.ObjectPage));
const SearchPage = lazily(() => import('./pages/later').then(m => m.SearchPage));
const TimelinePage = lazily(() => import('./pages/later').then(m => m.TimelinePage));

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
  // Who is signed in stays it when an invitation is no good.
  useEffect(() => { if (joining.value instanceof Error) { tell(joining.value.message, 'bad'); } }, [joining.value]);
  useEffect(() => { readRules(namespace.value || 'default').catch(() => undefined); }, [namespace.value]);
  const error = trouble.value;
  if (error) {
    return (
      <div class="alone">
        <Trouble error={error instanceof ApiError ? error : new Error('The server does not answer. Trying again …')} />
        <Button onClick={() => signOut()}>Sign out</Button>
      </div>
    );
  }
  return kinds.value.length === 0 ? <div class="alone"><Loading what="Connecting" /></div>
    : <><Shell><Page /></Shell><Later><NewKinds /></Later></>;
}

/** By itself: what it is told of is drawn anew only where it shows. */
function NewKinds() {
  useNewKinds();
  // Whoever goes on finds the next page here; when it cannot be had, that is told there.
  useEffect(() => { import('./pages/later').catch(() => undefined); }, []);
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
