import { useEffect, useState } from 'preact/hooks';
import type { KubeObject } from '../kernel/api';
import { run } from '../kernel/exec';
import { amend, route } from '../kernel/route';
import { containersOf } from '../kernel/status';
import { age, bytes } from '../kernel/text';
import { Button, Empty, Loading, Panel, Trouble, saveAs, tell } from '../ui/basics';

interface Entry { name: string; sort: string; size: number; time: string }

const mostListing = 1_000_000;
const mostShown = 262_144;
const mostSaved = 64 * 2 ** 20;

/** Names are told one by one: what a folder's patterns match may be nothing, or lead nowhere. */
const lister = [
  'cd -- "$1" || exit 1', 'for f in .[!.]* ..?* *; do if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi; done',
  'shift; [ $# -eq 0 ] || stat -c "%F|%s|%Y|%n" -- "$@"'].join('\n');
const joined = (folder: string, name: string) => `${folder.replace(/\/$/, '')}/${name}`;

function entriesOf(text: string): Entry[] {
  const entries = text.split('\n').flatMap(line => {
    const [sort, size, seconds, ...name] = line.split('|');
    const named = name.join('|');
    return seconds === undefined || ['.', '..', '', '.*', '*'].includes(named) ? []
      : [{ name: named, sort: sort!, size: Number(size), time: new Date(Number(seconds) * 1000).toISOString() }];
  });
  const isFolder = (e: Entry) => e.sort === 'directory';
  return entries.sort((a, b) => Number(isFolder(b)) - Number(isFolder(a)) || (a.name < b.name ? -1 : 1));
}

/** Containers whose files can be looked at: those that run. A debugging container shows those of the one that it stands beside. */
function placesOf(pod: KubeObject): { container: string; title: string; root: string }[] {
  return containersOf(pod).filter(c => c.status?.state?.running).map(({ spec, sort }) => {
    const beside = sort === 'ephemeral' ? spec.targetContainerName as string | undefined : undefined;
    return { container: spec.name, title: beside ? `${beside}, through ${spec.name}` : spec.name, root: beside ? '/proc/1/root/' : '/' };
  });
}

/** The files of a container, as its own tools tell of them, or those of a debugging container beside it. */
export function Files({ pod }: { pod: KubeObject }) {
  const places = placesOf(pod);
  const wanted = route.value.query.get('container');
  const place = places.find(p => p.container === wanted) ?? places[0];
  const folder = route.value.query.get('path') ?? '/';
  const [entries, setEntries] = useState<Entry[]>();
  const [error, setError] = useState<Error>();
  const [open, setOpen] = useState<string>();
  useEffect(() => {
    if (!place) {
      return;
    }
    const stop = new AbortController();
    setEntries(undefined);
    setError(undefined);
    setOpen(undefined);
    run(pod, place.container, ['/bin/sh', '-c', lister, 'sh', place.root + folder.slice(1)], mostListing, stop.signal).then(said => {
      const found = entriesOf(new TextDecoder().decode(said.output));
      setEntries(found);
      setError(found.length === 0 && said.errors ? new Error(`${said.errors} A debugging container has tools that an image may lack.`) : undefined);
    }, (failure: Error) => { if (!stop.signal.aborted) { setError(failure); } });
    return () => stop.abort();
  }, [pod.metadata.uid, place?.container, folder]);
  if (!place) {
    return <Empty>No container runs.</Empty>;
  }
  const steps = folder.split('/').filter(Boolean);
  const to = (path: string) => amend({ path: path === '/' ? '' : path });
  const choose = (entry: Entry) => {
    const path = joined(folder, entry.name);
    if (entry.sort === 'directory') {
      to(path);
    } else {
      setOpen(path);
    }
  };
  return (
    <>
      <div class="toolbar">
        <select aria-label="Container" value={place.container} onChange={e => amend({ container: e.currentTarget.value, path: '' })}>
          {places.map(p => <option key={p.container} value={p.container}>{p.title}</option>)}
        </select>
        <nav class="crumbs path" aria-label="Folder">
          <button type="button" class="link" onClick={() => to('/')}>root</button>
          {steps.map((step, i) => <button key={i} type="button" class="link" onClick={() => to(`/${steps.slice(0, i + 1).join('/')}`)}>{step}</button>)}
        </nav>
      </div>
      <Trouble error={error} />
      {open && <File key={open} pod={pod} container={place.container} root={place.root} path={open} close={() => setOpen(undefined)} />}
      {error ? null : !entries ? <Loading what="Reading" /> : entries.length === 0 ? <Empty>There is nothing in this folder.</Empty> : (
        <div class="panel">
          <table class="table" aria-label="Files">
            <thead><tr><th>Name</th><th>Sort</th><th class="number">Size</th><th>Changed</th></tr></thead>
            <tbody>
              {entries.map(e => (
                <tr key={e.name}>
                  <td><button type="button" class="link" disabled={!['directory', 'regular file', 'regular empty file', 'symbolic link'].includes(e.sort)} onClick={() => choose(e)}>
                    {e.name}{e.sort === 'directory' ? '/' : ''}</button></td>
                  <td>{e.sort}</td>
                  <td class="number">{e.sort === 'directory' ? '' : bytes(e.size)}</td>
                  <td>{age(e.time)} ago</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function File({ pod, container, root, path, close }: { pod: KubeObject; container: string; root: string; path: string; close: () => void }) {
  const [text, setText] = useState<string>();
  const [note, setNote] = useState('');
  const [error, setError] = useState<Error>();
  const read = (most: number, signal: AbortSignal) => run(pod, container, ['cat', '--', root + path.slice(1)], most, signal);
  useEffect(() => {
    const stop = new AbortController();
    read(mostShown, stop.signal).then(({ output, errors, isCut }) => {
      if (output.length === 0 && errors) {
        setError(new Error(errors));
        return;
      }
      const isText = !output.subarray(0, 8000).includes(0);
      setText(isText ? new TextDecoder().decode(output.subarray(0, mostShown)) : '');
      setNote(!isText ? 'This is no text.' : isCut ? `The first ${bytes(mostShown)} are shown.` : '');
    }, (failure: Error) => { if (!stop.signal.aborted) { setError(failure); } });
    return () => stop.abort();
  }, [path]);
  const save = () => void read(mostSaved, new AbortController().signal).then(({ output, isCut }) => {
    if (isCut) {
      tell(`The file is larger than ${bytes(mostSaved)}: kubectl cp copies it.`, 'bad');
      return;
    }
    saveAs(path.split('/').at(-1)!, new Blob([output], { type: 'application/octet-stream' }));
  }, (failure: Error) => tell(failure.message, 'bad'));
  return (
    <Panel title={path} aside={<span class="row"><Button onClick={save}>Save</Button><Button onClick={close}>Close</Button></span>}>
      <Trouble error={error} />
      {note && <div class="note warn inline">{note}</div>}
      {text === undefined ? !error && <Loading what="Reading" /> : text && <pre class="file" tabIndex={0}>{text}</pre>}
    </Panel>
  );
}
