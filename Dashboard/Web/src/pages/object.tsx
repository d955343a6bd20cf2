import { useMemo } from 'preact/hooks';
import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { apiVersionOf, findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { readAgain, useLive } from '../kernel/live';
import { useMay } from '../kernel/rights';
import { amend, listHref, route, routeKind } from '../kernel/route';
import { podsSelector } from '../kernel/selectors';
import { summary } from '../kernel/status';
import { age, clock } from '../kernel/text';
import { Badge, Button, Empty, Loading, Tabs, Trouble } from '../ui/basics';
import { Actions } from './actions';
import { ObjectEvents } from './events';
import { Facts } from './facts';
import { Files } from './files';
import { History } from './history';
import { Logs } from './logs';
import { Measures, questionOf } from './measures';
import { Related } from './relations';
import { Revisions, hasRevisions } from './revisions';
import { Terminal } from './terminal';
import { ObjectTimeline } from './timeline';
import { YamlTab } from './yamltab';

export function ObjectPage() {
  const kind = routeKind.value;
  const [, , space, name] = route.value.parts;
  return !kind || !name ? <Empty>The server does not serve this kind.</Empty>
    : <One kind={kind} namespace={space === '-' ? undefined : space} name={name} />;
}

function One({ kind, namespace, name }: { kind: Kind; namespace?: string; name: string }) {
  const source = {
    path: pathOf(kind, namespace), fields: `metadata.name=${name}`, watch: kind.verbs.includes('watch'), one: pathOf(kind, namespace, name),
  };
  const live = useLive(source);
  const found = live.rows[0]?.object;
  const object = useMemo(() => found && { ...found, kind: kind.kind, apiVersion: apiVersionOf(kind) }, [found]);
  const tab = route.value.query.get('tab') ?? 'about';
  if (!object) {
    return live.phase === 'loading' ? <Loading /> : live.error ? <Trouble error={live.error} />
      : <Gone kind={kind} namespace={namespace} name={name} />;
  }
  const state = summary(object);
  return (
    <div class="object">
      <nav class="crumbs" aria-label="Where"><a href={listHref(kind)}>{titleOf(kind)}</a>{namespace && <span>{namespace}</span>}</nav>
      <header class="heading">
        <h1>{name}</h1>
        {state && <Badge tone={state.tone}>{state.word}</Badge>}
        <span class="count" title={clock(object.metadata.creationTimestamp)}>{age(object.metadata.creationTimestamp)} old</span>
        <Actions kind={kind} object={object} />
      </header>
      {live.phase === 'refused' && <Trouble error={live.error} />}
      {live.phase === 'still' && (
        <div class="note info" role="status">
          <span>You may read this, but not follow it: it is shown as it was when you opened it.</span>
          <Button onClick={() => readAgain(source)}>Read again</Button>
        </div>
      )}
      <Pages kind={kind} object={object} tab={tab} />
    </div>
  );
}

/** There is none, but the change log may still have one that was. */
function Gone({ kind, namespace, name }: { kind: Kind; namespace?: string; name: string }) {
  return (
    <>
      <Empty>There is no {kind.kind} {name}{namespace ? ` in ${namespace}` : ''}. <a href={listHref(kind)}>All {titleOf(kind)}</a></Empty>
      {kind.verbs.includes('watch') && <History kind={kind} object={{ metadata: { name, namespace, uid: '', resourceVersion: '' } }} />}
    </>
  );
}

function Pages({ kind, object, tab }: { kind: Kind; object: KubeObject; tab: string }) {
  const pods = findResource('', 'pods')!;
  const space = object.metadata.namespace;
  const isPod = kind.kind === 'Pod';
  const readsLogs = useMay({ verb: 'get', kind: pods, namespace: space, subresource: 'log' });
  const mayExec = useMay(isPod ? { verb: 'create', kind: pods, namespace: space, name: object.metadata.name, subresource: 'exec' } : null);
  const hasLogs = (isPod || podsSelector(object) !== null) && kind.kind !== 'Node' && readsLogs;
  const hasMeasures = questionOf(kind, object) !== null && findResource('metrics.k8s.io', 'pods') !== undefined;
  const tabs = [
    { id: 'about', title: 'About' },
    { id: 'yaml', title: 'YAML' },
    { id: 'events', title: 'Events' },
    { id: 'timeline', title: 'Timeline' },
    ...(hasLogs ? [{ id: 'logs', title: 'Logs' }] : []),
    ...(isPod && mayExec ? [{ id: 'terminal', title: 'Terminal' }, { id: 'files', title: 'Files' }] : []),
    ...(hasMeasures ? [{ id: 'metrics', title: 'Metrics' }] : []),
    ...(hasRevisions(kind) ? [{ id: 'revisions', title: 'Revisions' }] : []),
    ...(kind.verbs.includes('watch') ? [{ id: 'history', title: 'History' }] : []),
  ];
  return (
    <>
      <Tabs tabs={tabs} current={tab} choose={id => amend({ tab: id === 'about' ? '' : id, container: '', path: '' })} />
      <div role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'about' && <><Facts kind={kind} object={object} /><Related kind={kind} object={object} /></>}
        {tab === 'yaml' && <YamlTab kind={kind} object={object} />}
        {tab === 'events' && <ObjectEvents object={object} />}
        {tab === 'timeline' && <ObjectTimeline kind={kind} object={object} />}
        {tab === 'logs' && hasLogs && <Logs object={object} />}
        {tab === 'metrics' && hasMeasures && <Measures kind={kind} object={object} />}
        {tab === 'terminal' && isPod && mayExec && <Terminal pod={object} />}
        {tab === 'files' && isPod && mayExec && <Files pod={object} />}
        {tab === 'history' && <History kind={kind} object={object} />}
        {tab === 'revisions' && <Revisions kind={kind} object={object} />}
      </div>
    </>
  );
}
