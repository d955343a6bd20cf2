import { useEffect, useState } from 'preact/hooks';
import { patch, pathOf } from '../kernel/api';
import type { KubeObject } from '../kernel/api';
import { findResource } from '../kernel/kinds';
import type { Kind } from '../kernel/kinds';
import { useLive } from '../kernel/live';
import { useMay } from '../kernel/rights';
import { diff } from '../kernel/diff';
import type { DiffLine } from '../kernel/diff';
import { age } from '../kernel/text';
import { stringify } from '../kernel/yaml';
import { Badge, Button, Dialog, DiffView, Empty, Loading, Panel, Trouble, tell } from '../ui/basics';

interface Revision { number: number; object: KubeObject; template: Record<string, unknown>; cause?: string }

const annotation = 'deployment.kubernetes.io/revision';

export const hasRevisions = (kind: Kind): boolean => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind.kind);

const isOwned = (object: KubeObject, owner: KubeObject) =>
  object.metadata.ownerReferences?.some(r => r.uid === owner.metadata.uid && r.controller) ?? false;

/** A Deployment's revisions are its ReplicaSets; those of the others are ControllerRevisions. */
function revisionsOf(owner: KubeObject, kept: KubeObject[]): Revision[] {
  return kept.filter(o => isOwned(o, owner)).map(object => {
    const isSet = object.spec !== undefined;
    return {
      object, number: isSet ? Number(object.metadata.annotations?.[annotation] ?? 0) : object.revision,
      template: isSet ? withoutHash(object.spec.template) : object.data?.spec?.template,
      cause: object.metadata.annotations?.['kubernetes.io/change-cause'],
    };
  }).sort((a, b) => b.number - a.number);
}

/** The label that tells a ReplicaSet's pods from those of its siblings is no part of what a Deployment asks for. */
function withoutHash(template: KubeObject): Record<string, unknown> {
  const { 'pod-template-hash': _, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

const withoutMarks = (template: Record<string, unknown> | undefined) => {
  const { $patch: _, ...rest } = template ?? {};
  return rest;
};

export function Revisions({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { namespace, name } = object.metadata;
  const kept = findResource('apps', kind.kind === 'Deployment' ? 'replicasets' : 'controllerrevisions');
  const live = useLive(kept ? { path: pathOf(kept, namespace) } : null);
  const revisions = revisionsOf(object, live.rows.map(r => r.object));
  const mayPatch = useMay({ verb: 'patch', kind, namespace, name });
  const [chosen, setChosen] = useState<Revision>();
  return (
    <Panel title="Revisions">
      {live.phase === 'refused' ? <Trouble error={live.error} /> : live.phase === 'loading' ? <Loading />
        : revisions.length === 0 ? <Empty>None yet.</Empty> : (
          <table class="table stack">
            <thead><tr><th>Revision</th><th>Age</th><th>Images</th><th>Cause</th><th /></tr></thead>
            <tbody>
              {revisions.map((r, index) => (
                <tr key={r.object.metadata.uid}>
                  <td><b>{r.number}</b> {index === 0 && <Badge tone="good">Current</Badge>}</td>
                  <td>{age(r.object.metadata.creationTimestamp)}</td>
                  <td class="wrap">{imagesOf(r)}</td>
                  <td class="wrap">{r.cause}</td>
                  <td>{index > 0 && <Button onClick={() => setChosen(r)}>{mayPatch ? 'Compare and roll back' : 'Compare'}</Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      {chosen && <RollBack kind={kind} object={object} to={chosen} allowed={mayPatch} close={() => setChosen(undefined)} />}
    </Panel>
  );
}

const imagesOf = (revision: Revision): string =>
  (((revision.template as KubeObject | undefined)?.spec?.containers ?? []) as { image: string }[]).map(c => c.image).join(', ');

function RollBack({ kind, object, to, allowed, close }: {
  kind: Kind; object: KubeObject; to: Revision; allowed: boolean; close: () => void;
}) {
  const [lines, setLines] = useState<DiffLine[]>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    void Promise.all([stringify(object.spec.template), stringify(withoutMarks(to.template))])
      .then(([now, then]) => setLines(diff(now, then)));
  }, [to, object]);
  const run = () => {
    const path = pathOf(kind, object.metadata.namespace, object.metadata.name);
    const done = kind.kind === 'Deployment'
      ? patch(path, 'json', [{ op: 'replace', path: '/spec/template', value: to.template }])
      : patch(path, 'strategic', to.object.data);
    done.then(() => { tell(`Rolling back to revision ${to.number}.`); close(); }, setError);
  };
  return (
    <Dialog title={`Revision ${to.number}`} close={close} wide>
      <p>Going back would change the pods’ template like this:</p>
      {lines ? <DiffView lines={lines} /> : <Loading />}
      <Trouble error={error} />
      <footer><Button onClick={close}>Cancel</Button>{allowed && <Button look="main" onClick={run}>Roll back</Button>}</footer>
    </Dialog>
  );
}
