import { useEffect, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { json, metadataAccept, patch, pathOf, query } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { byName, findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useMay } from '../kernel/rights';
import { go, hrefOf, listHref } from '../kernel/route';
import { Button, Dialog, Loading, Trouble, tell } from '../ui/basics';
import { Debug } from './debug';
import { Drain } from './drain';
import { Dependents } from './family';

interface Props { kind: Kind; object: KubeObject }

const restartable = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** What can be done to an object; what its user may not do is not there. */
export function Actions({ kind, object }: Props) {
  const { namespace, name, deletionTimestamp } = object.metadata;
  const path = pathOf(kind, namespace, name);
  const scales = kind.subresources.includes('scale');
  const mayPatch = useMay(kind.verbs.includes('patch') ? { verb: 'patch', kind, namespace, name } : null);
  const mayScale = useMay(scales ? { verb: 'patch', kind, namespace, name, subresource: 'scale' } : null);
  const mayDelete = useMay(kind.verbs.includes('delete') ? { verb: 'delete', kind, namespace, name } : null);
  const mayDebug = useMay(kind.kind === 'Pod' ? { verb: 'patch', kind, namespace, name, subresource: 'ephemeralcontainers' } : null);
  const [open, setOpen] = useState('');
  const close = () => setOpen('');
  const run = (work: Promise<unknown>, done: string) => void work.then(() => tell(done), (e: Error) => tell(e.message, 'bad'));
  const merge = (body: unknown, done: string) => run(patch(path, 'merge', body), done);
  const { spec = {} } = object;

  const shown: ComponentChildren[] = [];
  if (scales && mayScale) {
    shown.push(<Button key="scale" onClick={() => setOpen('scale')}>Scale</Button>);
  }
  if (mayPatch && restartable.includes(kind.kind)) {
    const template = { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': new Date().toISOString().replace(/\.\d+/, '') } } };
    shown.push(<Button key="restart" disabled={spec.paused} onClick={() => run(patch(path, 'strategic', { spec: { template } }), `${name} restarts.`)}>Restart</Button>);
  }
  if (mayPatch && kind.kind === 'Deployment') {
    shown.push(spec.paused
      ? <Button key="pause" onClick={() => merge({ spec: { paused: null } }, `${name} goes on.`)}>Resume</Button>
      : <Button key="pause" onClick={() => merge({ spec: { paused: true } }, `${name} is paused.`)}>Pause</Button>);
  }
  if (mayPatch && (kind.kind === 'CronJob' || kind.kind === 'Job')) {
    shown.push(<Button key="suspend" onClick={() => merge({ spec: { suspend: !spec.suspend } }, spec.suspend ? `${name} goes on.` : `${name} is suspended.`)}>
      {spec.suspend ? 'Resume' : 'Suspend'}</Button>);
  }
  if (kind.kind === 'CronJob') {
    shown.push(<RunNow key="run" kind={kind} object={object} />);
  }
  if (mayPatch && kind.kind === 'Node') {
    shown.push(<Button key="cordon" onClick={() => merge({ spec: { unschedulable: spec.unschedulable ? null : true } }, spec.unschedulable ? `${name} takes pods again.` : `${name} takes no new pods.`)}>
      {spec.unschedulable ? 'Uncordon' : 'Cordon'}</Button>);
    shown.push(<Button key="drain" onClick={() => setOpen('drain')}>Drain</Button>);
  }
  if (mayDebug && kind.kind === 'Pod' && !deletionTimestamp) {
    shown.push(<Button key="debug" onClick={() => setOpen('debug')}>Debug</Button>);
  }
  if (mayDelete && !deletionTimestamp) {
    shown.push(<Button key="delete" look="danger" onClick={() => setOpen('delete')}>Delete</Button>);
  }
  return (
    <div class="actions">
      {shown}
      {open === 'scale' && <Scale path={path} object={object} close={close} />}
      {open === 'delete' && <Delete kind={kind} object={object} path={path} close={close} />}
      {open === 'drain' && <Drain node={object} close={close} />}
      {open === 'debug' && <Debug pod={object} close={close} />}
    </div>
  );
}

function Scale({ path, object, close }: { path: string; object: KubeObject; close: () => void }) {
  const [count, setCount] = useState(String(object.spec?.replicas ?? 1));
  const [error, setError] = useState<Error>();
  const submit = (event: Event) => {
    event.preventDefault();
    patch(`${path}/scale`, 'merge', { spec: { replicas: Number(count) } })
      .then(() => { tell(`${object.metadata.name} scales to ${count}.`); close(); }, setError);
  };
  return (
    <Dialog title={`Scale ${object.metadata.name}`} close={close}>
      <form onSubmit={submit}>
        <label>Replicas <input type="number" min="0" step="1" required value={count} onInput={e => setCount(e.currentTarget.value)} autofocus /></label>
        <Trouble error={error} />
        <footer><Button onClick={close}>Cancel</Button><button type="submit" class="button main">Scale</button></footer>
      </form>
    </Dialog>
  );
}

function RunNow({ object }: Props) {
  const jobs = findResource('batch', 'jobs')!;
  const { namespace, name, uid } = object.metadata;
  const allowed = useMay({ verb: 'create', kind: jobs, namespace });
  const run = () => {
    const template = object.spec.jobTemplate;
    const job = {
      apiVersion: 'batch/v1', kind: 'Job',
      metadata: {
        generateName: `${name.slice(0, 50)}-manual-`, labels: template.metadata?.labels,
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...template.metadata?.annotations },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name, uid, controller: true }],
      },
      spec: template.spec,
    };
    json(pathOf(jobs, namespace), { method: 'POST', body: JSON.stringify(job) })
      .then(made => go(hrefOf(jobs, made)), (e: Error) => tell(e.message, 'bad'));
  };
  return allowed ? <Button onClick={run}>Run now</Button> : null;
}

const ways: [string, string, string][] = [
  ['Background', 'It goes at once', 'What it owns is collected afterwards.'],
  ['Foreground', 'What it owns goes first', 'It stays, marked as going, until all of that is gone.'],
  ['Orphan', 'It alone', 'What it owns stays, without an owner.'],
];

function Delete({ kind, object, path, close }: Props & { path: string; close: () => void }) {
  const [way, setWay] = useState('Background');
  const [error, setError] = useState<Error>();
  const { name, namespace, uid } = object.metadata;
  const submit = (event: Event) => {
    event.preventDefault();
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: way, preconditions: { uid } };
    json(path, { method: 'DELETE', body: JSON.stringify(options) }).then(() => {
      tell(`${kind.kind} ${name} is being deleted.`);
      close();
      go(listHref(kind));
    }, setError);
  };
  return (
    <Dialog title={`Delete ${kind.kind} ${name}?`} close={close}>
      <form onSubmit={submit}>
        {namespace && <p>In namespace <b>{namespace}</b>.</p>}
        {kind.kind === 'Namespace' && <p class="note bad">Everything in the namespace goes with it.</p>}
        {kind.kind === 'CustomResourceDefinition' && <p class="note bad">Every object of this kind goes with it.</p>}
        <GoesAlong kind={kind} object={object} />
        <fieldset>
          <legend>What it owns</legend>
          {ways.map(([id, title, text]) => (
            <label key={id} class="choice"><input type="radio" name="way" checked={way === id} onChange={() => setWay(id)} /><span><b>{title}.</b> {text}</span></label>
          ))}
        </fieldset>
        <Trouble error={error} />
        <footer><Button onClick={close}>Cancel</Button><button type="submit" class="button danger">Delete</button></footer>
      </form>
    </Dialog>
  );
}

/** What goes with it, and who is waited for. */
function GoesAlong({ kind, object }: Props) {
  const { finalizers } = object.metadata;
  return (
    <>
      {kind.kind === 'Namespace' ? <Contents name={object.metadata.name} /> : <Dependents kind={kind} object={object} />}
      {finalizers && finalizers.length > 0 && <ul>{finalizers.map(f => <li key={f}>It waits for <code>{f}</code>.</li>)}</ul>}
    </>
  );
}

const counted = ['pods', 'apps/deployments', 'apps/statefulsets', 'apps/daemonsets', 'batch/jobs', 'services', 'configmaps', 'secrets', 'persistentvolumeclaims'];

/** How much a namespace holds, of the kinds that people miss. */
function Contents({ name }: { name: string }) {
  const [counts, setCounts] = useState<[string, number | undefined][]>();
  useEffect(() => {
    const stop = new AbortController();
    const count = async (kind: Kind): Promise<[string, number]> => {
      const page = await json<{ items: unknown[] | null; metadata: { remainingItemCount?: number } }>(
        pathOf(kind, name) + query({ limit: 1 }), { accept: metadataAccept, signal: stop.signal });
      return [titleOf(kind), (page.items?.length ?? 0) + (page.metadata.remainingItemCount ?? 0)];
    };
    void Promise.all(counted.map(byName).filter(k => k !== undefined).map(k => count(k).catch((): [string, undefined] => [titleOf(k), undefined])))
      .then(all => { if (!stop.signal.aborted) { setCounts(all); } });
    return () => stop.abort();
  }, [name]);
  if (counts === undefined) {
    return <Loading what="Counting what it holds" />;
  }
  const held = counts.filter(([, n]) => n).map(([title, n]) => `${n} ${title}`);
  const unknown = counts.filter(([, n]) => n === undefined).map(([title]) => title);
  return (
    <>
      {held.length > 0 && <p>It holds {held.join(', ')}.</p>}
      {unknown.length > 0 && <p class="note warn">These could not be counted: {unknown.join(', ')}.</p>}
    </>
  );
}
