import { signal } from '@preact/signals';
import { signOut, token } from './session';
import type { Kind } from './kinds';
import { learnTime } from './text';

export interface OwnerReference { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }

export interface ManagedFields { manager?: string; operation?: string; time?: string; subresource?: string; fieldsV1?: unknown }

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  managedFields?: ManagedFields[];
}

/** Any object of the API; what is below `spec` and `status` is the kind's own affair. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  [field: string]: any;
}

export interface Cause { reason?: string; message?: string; field?: string }

export interface Status {
  kind?: string;
  code: number;
  reason?: string;
  message?: string;
  details?: { causes?: Cause[]; retryAfterSeconds?: number };
}

/** What the server refused, in its own words. */
export class ApiError extends Error {
  constructor(readonly status: Status) {
    super(status.message || status.reason || `The server answered ${status.code}.`);
  }
  get code(): number { return this.status.code; }
  get causes(): Cause[] { return this.status.details?.causes ?? []; }
}

/** False while the server cannot be reached. */
export const online = signal(true);

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
export const metadataAccept = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
export const yamlType = 'application/yaml';

export interface Sending {
  method?: string; accept?: string; type?: string; body?: string; signal?: AbortSignal;
  /** Another than the session's. */
  token?: string;
}

/** A network that changes takes connections with it: what only reads is asked again, so often and after so long. */
const attempts = 3;
const pause = 250;

async function fetchOrAgain(path: string, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch(path, init);
    } catch (failure) {
      if (init.method !== 'GET' || init.signal?.aborted || attempt === attempts) {
        throw failure;
      }
      await new Promise(resolve => setTimeout(resolve, pause * attempt));
    }
  }
}

/** One request with the user's own rights; throws ApiError for every answer that is none. */
export async function send(path: string, sending: Sending = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: sending.accept ?? 'application/json' };
  const used = sending.token ?? token.value;
  if (used) {
    headers.Authorization = `Bearer ${used}`;
  }
  if (sending.body !== undefined) {
    headers['Content-Type'] = sending.type ?? 'application/json';
  }
  let answer: Response;
  try {
    answer = await fetchOrAgain(path, {
      method: sending.method ?? 'GET', headers, body: sending.body, signal: sending.signal, credentials: 'omit',
      cache: 'no-store',
    });
  } catch (failure) {
    if (!sending.signal?.aborted) {
      online.value = false;
    }
    throw failure;
  }
  online.value = true;
  learnTime(answer.headers.get('Date'));
  if (!answer.ok) {
    throw await refusal(answer, used);
  }
  return answer;
}

async function refusal(answer: Response, used: string | null): Promise<ApiError> {
  const text = await answer.text();
  let status: Status = { code: answer.status, message: text.trim() || answer.statusText };
  try {
    // Who asks for YAML is refused in YAML.
    const isYaml = answer.headers.get('Content-Type')?.includes('yaml');
    const parsed = (isYaml ? (await import('yaml')).parse(text) : JSON.parse(text)) as Status;
    status = parsed.kind === 'Status' ? { ...parsed, code: answer.status } : status;
  } catch { /* Plain text is the message. */ }
  if (answer.status === 401 && used !== null && used === token.value) {
    signOut('The server no longer takes this token.');
  }
  return new ApiError(status);
}

export async function json<T = KubeObject>(path: string, sending: Sending = {}): Promise<T> {
  return (await send(path, sending)).json() as Promise<T>;
}

/** What the server remarked on a request that it granted. */
export function warningsOf(answer: Response): string[] {
  const header = answer.headers.get('Warning') ?? '';
  return [...header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(m => m[1]!.replace(/\\(.)/g, '$1'));
}

/** As much of a kind as its paths need. */
export type Place = Pick<Kind, 'group' | 'version' | 'resource' | 'namespaced'>;

export function pathOf(kind: Place, namespace?: string, name?: string, subresource?: string): string {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const space = kind.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const own = name ? `/${encodeURIComponent(name)}` : '';
  return `${root}${space}/${kind.resource}${own}${subresource ? `/${subresource}` : ''}`;
}

export function query(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([k, v]) => [k, String(v)]))}`;
}

export const patchTypes = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};

export function patch(path: string, type: keyof typeof patchTypes, body: unknown): Promise<KubeObject> {
  return json(path, { method: 'PATCH', type: patchTypes[type], body: JSON.stringify(body) });
}

/** The lines of an answer that goes on, as they come. */
export async function* lines(answer: Response): AsyncGenerator<string> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) {
        break;
      }
      const parts = (rest + value).split('\n');
      rest = parts.pop()!;
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (rest) {
    yield rest;
  }
}
