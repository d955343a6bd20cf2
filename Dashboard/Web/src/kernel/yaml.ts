import { yamlType } from './api';
import type { KubeObject } from './api';

/** An object's YAML as the server wrote it, without who owns which field. */
export function withoutOwners(text: string): string {
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    inside = /^ {2}managedFields:/.test(line) || (inside && /^( {2}[- ]|$)/.test(line) && line !== '');
    if (!inside) {
      kept.push(line);
    }
  }
  return kept.join('\n');
}

/** The same without the fields that every write changes: what a person compares. */
export const comparable = (text: string): string =>
  withoutOwners(text).split('\n').filter(l => !/^ {2}(resourceVersion|generation): /.test(l)).join('\n');

export const versionIn = (text: string): string | undefined =>
  /^ {2}resourceVersion: "?([^"\n]+)"?$/m.exec(text)?.[1];

export interface Piece { text: string; apiVersion: string; kind: string; name: string; namespace: string }

/** The objects that a text holds; throws in words when it is no YAML, or an object lacks what names it. */
export async function pieces(text: string): Promise<Piece[]> {
  const { parseAllDocuments } = await import('yaml');
  const found: Piece[] = [];
  for (const document of parseAllDocuments(text)) {
    if (document.errors.length > 0) {
      throw new Error(document.errors[0]!.message);
    }
    const object = document.toJS() as KubeObject | null;
    if (object === null) {
      continue;
    }
    if (typeof object !== 'object' || !object.apiVersion || !object.kind) {
      throw new Error(`Object ${found.length + 1} lacks apiVersion or kind.`);
    }
    found.push({
      text: document.toString({ directives: false }), apiVersion: object.apiVersion, kind: object.kind,
      name: object.metadata?.name ?? '', namespace: object.metadata?.namespace ?? '',
    });
  }
  if (found.length === 0) {
    throw new Error('There is nothing to create yet.');
  }
  return found;
}

export async function stringify(value: unknown): Promise<string> {
  const { stringify: write } = await import('yaml');
  return write(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

export async function parse(text: string): Promise<unknown> {
  const { parse: read } = await import('yaml');
  return read(text);
}

/** The line, from 0, of a field such as `spec.containers[0].image`; of the nearest one above it that is there. */
export async function lineOf(text: string, field: string): Promise<number | undefined> {
  const { parseDocument, isPair, isMap } = await import('yaml');
  const document = parseDocument(text);
  const path = [...field.matchAll(/([^.[\]]+)|\[([^\]]+)\]/g)].map(m => {
    const part = m[1] ?? m[2]!;
    return m[2] !== undefined && /^\d+$/.test(part) ? Number(part) : part.replace(/^"|"$/g, '');
  });
  for (let length = path.length; length > 0; length--) {
    const parent = length > 1 ? document.getIn(path.slice(0, length - 1), true) : document.contents;
    const last = path[length - 1];
    const pair = isMap(parent) ? parent.items.find(i => isPair(i) && String(i.key) === last) : undefined;
    const node = (pair?.key ?? document.getIn(path.slice(0, length), true)) as { range?: [number, number, number] };
    if (node?.range) {
      return text.slice(0, node.range[0]).split('\n').length - 1;
    }
  }
  return undefined;
}

export { yamlType };
