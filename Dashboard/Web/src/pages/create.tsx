import { useState } from 'preact/hooks';
import { ApiError, pathOf, query, send, warningsOf, yamlType } from '../kernel/api';
import { kindOf } from '../kernel/kinds';
import { namespace, objectHref } from '../kernel/route';
import { lineOf, pieces } from '../kernel/yaml';
import type { Piece } from '../kernel/yaml';
import { Badge, Button, Panel } from '../ui/basics';
import type { Tone } from '../kernel/status';
import { Editor } from '../ui/editor';

interface Outcome { title: string; tone: Tone; text: string; href?: string }

const example = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: server
        image: orc.local/demo:1
        ports:
        - containerPort: 8080
`;

async function create(piece: Piece, dryRun: boolean): Promise<Outcome> {
  const title = `${piece.kind} ${piece.name}`;
  const kind = kindOf(piece.apiVersion, piece.kind);
  if (!kind) {
    return { title, tone: 'bad', text: `The server does not serve ${piece.kind} of ${piece.apiVersion}.` };
  }
  const space = kind.namespaced ? piece.namespace || namespace.value || 'default' : undefined;
  const path = pathOf({ ...kind, version: piece.apiVersion.split('/').pop()! }, space);
  const answer = await send(
    path + query({ dryRun: dryRun ? 'All' : undefined, fieldValidation: 'Strict', fieldManager: 'dashboard' }),
    { method: 'POST', type: yamlType, body: piece.text });
  const made = await answer.json() as { metadata: { name: string } };
  const remarks = warningsOf(answer).map(w => ` Warning: ${w}`).join('');
  return {
    title: `${piece.kind} ${made.metadata.name}`, tone: 'good', text: (dryRun ? 'would be created.' : 'created.') + remarks,
    href: dryRun ? undefined : objectHref(kind, space, made.metadata.name),
  };
}

export function CreatePage() {
  const [text, setText] = useState(example);
  const [outcomes, setOutcomes] = useState<Outcome[]>([]);
  const [marks, setMarks] = useState<Map<number, string>>();
  const [busy, setBusy] = useState(false);

  const run = async (dryRun: boolean) => {
    setBusy(true);
    setMarks(undefined);
    const found: Outcome[] = [];
    try {
      const all = await pieces(text);
      for (const piece of all) {
        try {
          found.push(await create(piece, dryRun));
        } catch (failure) {
          found.push({ title: `${piece.kind} ${piece.name}`, tone: 'bad', text: (failure as Error).message });
          if (failure instanceof ApiError && all.length === 1) {
            setMarks(await marksOf(text, failure));
          }
        }
      }
    } catch (failure) {
      found.push({ title: 'YAML', tone: 'bad', text: (failure as Error).message });
    }
    setOutcomes(found);
    setBusy(false);
  };
  return (
    <div>
      <header class="heading">
        <h1>Create</h1>
        <span class="count">Objects that name no namespace go to {namespace.value || 'default'}</span>
        <div class="filters">
          <Button onClick={() => void run(true)} disabled={busy}>Try (dry run)</Button>
          <Button look="main" onClick={() => void run(false)} disabled={busy}>Create</Button>
        </div>
      </header>
      {outcomes.length > 0 && (
        <Panel title="What came of it">
          <ul class="bare" role="status">
            {outcomes.map((o, i) => (
              <li key={i}><Badge tone={o.tone}>{o.href ? <a href={o.href}>{o.title}</a> : o.title}</Badge> {o.text}</li>
            ))}
          </ul>
        </Panel>
      )}
      <Editor text={text} change={setText} label="YAML of the objects to create" marks={marks} />
    </div>
  );
}

/** The lines of the fields that the server named. */
export async function marksOf(text: string, failure: ApiError): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  for (const cause of failure.causes) {
    const line = cause.field ? await lineOf(text, cause.field) : undefined;
    if (line !== undefined) {
      found.set(line, cause.message ?? '');
    }
  }
  return found;
}
