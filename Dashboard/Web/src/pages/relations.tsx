import { pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { byName, findResource, titleOf } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import type { Live } from '../kernel/live';
import { hrefOf, listHref, namespace, objectHref } from '../kernel/route';
import { podsSelector } from '../kernel/selectors';
import { summary } from '../kernel/status';
import { age } from '../kernel/text';
import { Badge, Empty, Loading, Panel, Trouble } from '../ui/basics';
import { Family } from './family';
import { Uses } from './uses';

export function Related({ kind, object }: { kind: Kind; object: KubeObject }) {
  return (
    <>
      <Uses kind={kind} object={object} />
      <Family kind={kind} object={object} />
      {['Node', 'Service', 'PodDisruptionBudget'].includes(kind.kind) && <PodsOf object={object} />}
      {kind.kind === 'Namespace' && <Inside name={object.metadata.name} />}
    </>
  );
}

function Inside({ name }: { name: string }) {
  const shown = ['pods', 'apps/deployments', 'services', 'configmaps', 'secrets'].map(byName).filter(k => k !== undefined);
  const enter = () => { namespace.value = name; };
  return (
    <Panel title="Inside">
      <div class="chips">
        <a class="chip" href="#/changes" onClick={enter}>What changed in the last hour</a>
        {shown.map(k => <a key={k.resource} class="chip" href={listHref(k)} onClick={enter}>{titleOf(k)}</a>)}
      </div>
    </Panel>
  );
}

const mostPods = 300;

/** The pods that an object leads to, each with its node; of a Service, with what its endpoints say of them. */
function PodsOf({ object }: { object: KubeObject }) {
  const pods = findResource('', 'pods')!;
  const nodes = findResource('', 'nodes')!;
  const selector = podsSelector(object);
  const live = useLive(selector && { path: pathOf(pods, object.metadata.namespace), ...selector });
  const slices = findResource('discovery.k8s.io', 'endpointslices');
  const endpoints = useLive(object.kind === 'Service' && slices
    ? { path: pathOf(slices, object.metadata.namespace), labels: `kubernetes.io/service-name=${object.metadata.name}` } : null);
  const ready = readyEndpoints(endpoints);
  if (!selector) {
    return null;
  }
  return (
    <Panel title={object.kind === 'Service' ? 'Endpoints' : 'Pods'} aside={<span class="count">{live.rows.length}</span>}>
      {live.phase === 'loading' ? <Loading /> : live.phase === 'refused' ? <Trouble error={live.error} />
        : live.rows.length === 0 ? <Empty>No pod {object.kind === 'Service' ? 'has these labels' : 'runs here'}.</Empty> : (<>
        <table class="table stack">
          <thead><tr><th>Pod</th><th>Status</th>{object.kind === 'Service' && <th>Endpoint</th>}<th>{object.kind === 'Node' ? 'Namespace' : 'Node'}</th><th>Address</th><th>Age</th></tr></thead>
          <tbody>
            {live.rows.slice(0, mostPods).map(({ object: pod }) => {
              const state = summary({ ...pod, kind: 'Pod' })!;
              const known = ready.get(pod.metadata.uid);
              return (
                <tr key={pod.metadata.uid}>
                  <td><a href={hrefOf(pods, pod)}>{pod.metadata.name}</a></td>
                  <td><Badge tone={state.tone}>{state.word}</Badge></td>
                  {object.kind === 'Service' && <td><Badge tone={known ? 'good' : known === undefined ? 'none' : 'warn'}>{known ? 'Ready' : known === undefined ? 'None' : 'Not ready'}</Badge></td>}
                  <td>{object.kind === 'Node' ? pod.metadata.namespace
                    : pod.spec.nodeName ? <a href={objectHref(nodes, undefined, pod.spec.nodeName)}>{pod.spec.nodeName}</a> : '–'}</td>
                  <td>{pod.status?.podIP ?? '–'}</td>
                  <td>{age(pod.metadata.creationTimestamp)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {live.rows.length > mostPods && <p class="more">And {live.rows.length - mostPods} more.</p>}
      </>)}
    </Panel>
  );
}

function readyEndpoints(slices: Live): Map<string, boolean> {
  return new Map(slices.rows.flatMap(r => (r.object.endpoints ?? []) as { targetRef?: { uid?: string }; conditions?: { ready?: boolean } }[])
    .filter(e => e.targetRef?.uid).map(e => [e.targetRef!.uid!, e.conditions?.ready !== false]));
}

