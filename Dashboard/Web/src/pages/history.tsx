import { useEffect, useMemo, useState } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import { diff } from '../kernel/diff';
import type { DiffLine } from '../kernel/diff';
import type { Kind } from '../kernel/kinds';
import { age, clock } from '../kernel/text';
import { content, versionsOf } from '../kernel/versions';
import type { Version } from '../kernel/versions';
import { stringify } from '../kernel/yaml';
import { Badge, Button, Dialog, DiffView, Empty, Loading, Panel, Switch, Trouble } from '../ui/basics';

/** An object as people compare it. */
const plain = (object: KubeObject): Promise<string> => stringify(content(object));

/** The versions of an object that is there, or was: one that has no uid is known by its name alone. */
export function History({ kind, object }: { kind: Kind; object: KubeObject }) {
  const [versions, setVersions] = useState<Version[]>();
  const [error, setError] = useState<Error>();
  const [withStatus, setWithStatus] = useState(false);
  const [shown, setShown] = useState<{ title: string; from: KubeObject | undefined; to: KubeObject }>();
  const [chosen, setChosen] = useState<{ from?: string; to?: string }>({});
  useEffect(() => {
    const stop = new AbortController();
    versionsOf(kind, object, stop.signal).then(setVersions, failure => { if (!stop.signal.aborted) { setError(failure as Error); } });
    return () => stop.abort();
  }, [object.metadata.resourceVersion]);
  const rows = useMemo(() => (versions ?? []).map((v, i) => ({ ...v, before: versions![i - 1]?.object }))
    .filter(v => withStatus || v.part !== 'status').reverse(), [versions, withStatus]);
  // Of any two, whichever was chosen first: the older stands on the left.
  const versionOf = (version: string | undefined) => versions?.find(v => v.object.metadata.resourceVersion === version);
  const [from, to] = [versionOf(chosen.from), versionOf(chosen.to)];
  const compare = () => {
    const [older, newer] = [from!, to!].sort((a, b) => versions!.indexOf(a) - versions!.indexOf(b)) as [Version, Version];
    setShown({ title: `From ${clock(older.when)} to ${clock(newer.when)}`, from: older.object, to: newer.object });
  };
  return (
    <Panel title="Versions" aside={(
      <div class="toolbar tight">
        <Switch title="Status, too" on={withStatus} set={setWithStatus} />
        <Button onClick={compare} disabled={!from || !to || from === to}>Compare chosen</Button>
      </div>
    )}>
      <Trouble error={error} />
      {!versions ? !error && <Loading what="Reading the change log" /> : rows.length === 0 ? <Empty>The change log no longer has any.</Empty> : (
        <table class="table stack">
          <thead><tr><th>From, to</th><th>When</th><th>What</th><th>By</th><th>Version</th><th /></tr></thead>
          <tbody>
            {rows.map(v => (
              <tr key={v.object.metadata.resourceVersion}>
                <td class="ends">
                  {(['from', 'to'] as const).map(end => (
                    <input key={end} type="radio" name={end} checked={chosen[end] === v.object.metadata.resourceVersion}
                      aria-label={`Compare ${end} version ${v.object.metadata.resourceVersion}`}
                      onChange={() => setChosen({ ...chosen, [end]: v.object.metadata.resourceVersion })} />
                  ))}
                </td>
                <td title={clock(v.when)}>{age(v.when)} ago</td>
                <td><Badge tone={v.what === 'Created' ? 'good' : v.what === 'Deleted' ? 'bad' : 'info'}>{v.what}{v.part ? ` ${v.part}` : ''}</Badge></td>
                <td>{v.who}</td>
                <td>{v.object.metadata.resourceVersion}</td>
                <td>
                  <Button onClick={() => setShown({ title: `What version ${v.object.metadata.resourceVersion} changed`, from: v.before, to: v.object })}>Show</Button>{' '}
                  {object.metadata.uid && v.object.metadata.resourceVersion !== object.metadata.resourceVersion && (
                    <Button onClick={() => setShown({ title: `From version ${v.object.metadata.resourceVersion} to now`, from: v.object, to: object })}>Since then</Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {shown && <Compare {...shown} close={() => setShown(undefined)} />}
    </Panel>
  );
}

function Compare({ title, from, to, close }: { title: string; from: KubeObject | undefined; to: KubeObject; close: () => void }) {
  const [result, setResult] = useState<DiffLine[]>();
  useEffect(() => {
    void Promise.all([from ? plain(from) : '', plain(to)]).then(([a, b]) => setResult(diff(a, b)));
  }, [from, to]);
  return <Dialog title={title} close={close} wide>{result ? <DiffView lines={result} /> : <Loading />}</Dialog>;
}
