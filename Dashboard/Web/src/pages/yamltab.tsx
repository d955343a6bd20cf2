import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { ApiError, pathOf, query, send, warningsOf, yamlType } from '../kernel/api';
import type { Cause, KubeObject } from '../kernel/api';
import type { Kind } from '../kernel/kinds';
import { useMay } from '../kernel/rights';
import { diff, merge } from '../kernel/diff';
import { comparable, versionIn, withoutOwners } from '../kernel/yaml';
import { Button, Dialog, DiffView, Loading, Switch, Trouble, tell } from '../ui/basics';
import { Editor } from '../ui/editor';
import { marksOf } from './create';

interface Review { before: string; after: string; warnings: string[] }

export function YamlTab({ kind, object }: { kind: Kind; object: KubeObject }) {
  const { namespace, name, resourceVersion } = object.metadata;
  const path = pathOf(kind, namespace, name);
  const mayEdit = useMay(kind.verbs.includes('update') ? { verb: 'update', kind, namespace, name } : null);
  const [base, setBase] = useState<string>();
  const [text, setText] = useState('');
  const [error, setError] = useState<Error>();
  const [causes, setCauses] = useState<Cause[]>([]);
  const [marks, setMarks] = useState<Map<number, string>>();
  const [review, setReview] = useState<Review>();
  const [conflict, setConflict] = useState<string>();
  const [owners, setOwners] = useState(false);
  const [busy, setBusy] = useState(false);
  const edited = base !== undefined && text !== shown(base, owners);
  const isEdited = useRef(false);
  isEdited.current = edited;
  const type = (typed: string) => {
    isEdited.current = true;
    setText(typed);
  };

  const read = async () => (await send(path, { accept: yamlType })).text();
  useEffect(() => {
    // What is being edited is not pulled away under the fingers; saving will tell of the conflict.
    let current = true;
    if (!edited) {
      read().then(newest => {
        if (current && !isEdited.current) {
          setBase(newest);
          setText(shown(newest, owners));
        }
      }, setError);
    }
    return () => { current = false; };
  }, [path, resourceVersion, owners]);
  useEffect(() => {
    if (!edited) {
      return;
    }
    const onLeave = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', onLeave);
    return () => window.removeEventListener('beforeunload', onLeave);
  }, [edited]);

  const put = (dryRun: boolean) => send(
    path + query({ dryRun: dryRun ? 'All' : undefined, fieldValidation: 'Strict', fieldManager: 'dashboard' }),
    { method: 'PUT', accept: yamlType, type: yamlType, body: text });
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setError(undefined);
    setCauses([]);
    setMarks(undefined);
    try {
      await work();
    } catch (failure) {
      setReview(undefined);
      if (failure instanceof ApiError && failure.code === 409) {
        await read().then(setConflict, setError);
      } else {
        setError(failure as Error);
        if (failure instanceof ApiError) {
          setCauses(failure.causes);
          setMarks(await marksOf(text, failure));
        }
      }
    }
    setBusy(false);
  };
  const tryOut = () => attempt(async () => {
    const answer = await put(true);
    setReview({ before: comparable(base!), after: comparable(await answer.text()), warnings: warningsOf(answer) });
  });
  const save = () => attempt(async () => {
    const written = await (await put(false)).text();
    setReview(undefined);
    setBase(written);
    setText(shown(written, owners));
    tell(`${kind.kind} ${name} is saved.`);
  });

  if (base === undefined) {
    return error ? <Trouble error={error} /> : <Loading />;
  }
  return (
    <div>
      <div class="toolbar">
        {mayEdit ? (
          <>
            <Button look="main" onClick={() => void tryOut()} disabled={!edited || busy}>Review changes</Button>
            <Button onClick={() => { setText(shown(base, owners)); setError(undefined); setCauses([]); setMarks(undefined); }} disabled={!edited}>Discard</Button>
          </>
        ) : <span class="count">You may look, not change.</span>}
        <Switch title="Owners of fields" on={owners} set={setOwners} disabled={edited} />
        {edited && versionIn(base) !== resourceVersion && (
          <>
            <span class="note warn inline" role="status">It has been changed meanwhile.</span>
            <Button onClick={() => void attempt(async () => setConflict(await read()))} disabled={busy}>See how</Button>
          </>
        )}
      </div>
      <Trouble error={causes.length > 0 ? undefined : error} />
      {causes.length > 0 && (
        <ul class="note bad bare" role="alert">{causes.map((c, i) => <li key={i}><b>{c.field}</b> {c.message}</li>)}</ul>
      )}
      <Editor text={text} change={mayEdit ? type : undefined} label={`YAML of ${name}`} marks={marks} />
      {review && (
        <Dialog title="What the server would save" close={() => setReview(undefined)} wide>
          {review.warnings.map(w => <div key={w} class="note warn">{w}</div>)}
          <DiffView lines={diff(review.before, review.after)} />
          <footer>
            <Button onClick={() => setReview(undefined)}>Back</Button>
            <Button look="main" onClick={() => void save()} disabled={busy}>Save</Button>
          </footer>
        </Dialog>
      )}
      {conflict !== undefined && (
        <Conflict base={shown(base, owners)} mine={text} theirs={shown(conflict, owners)} close={() => setConflict(undefined)}
          take={chosen => { setBase(conflict); setText(chosen); setConflict(undefined); }} />
      )}
    </div>
  );
}

const shown = (text: string, owners: boolean) => (owners ? text : withoutOwners(text));

/** Somebody else wrote while one was editing: what they did, and one's own changes done to that. */
function Conflict({ base, mine, theirs, close, take }: {
  base: string; mine: string; theirs: string; close: () => void; take: (text: string) => void;
}) {
  const both = useMemo(() => merge(base, mine, theirs), [base, mine, theirs]);
  return (
    <Dialog title="Somebody was faster" close={close} wide>
      <p>The object has been changed since you began. This is what they changed:</p>
      <DiffView lines={diff(comparable(base), comparable(theirs))} />
      <p>And this is what your changes do to what is there now:</p>
      {both.clashes > 0 && (
        <div class="note warn" role="status">
          {both.clashes === 1 ? 'One place was changed by both' : `${both.clashes} places were changed by both`}: look at it before you save.
        </div>
      )}
      <DiffView lines={diff(comparable(theirs), comparable(both.text))} />
      <footer>
        <Button onClick={close}>Back</Button>
        <Button look="danger" onClick={() => take(theirs)}>Drop mine</Button>
        <Button look="main" onClick={() => take(both.text)}>Put mine on top of theirs</Button>
      </footer>
    </Dialog>
  );
}
