import { useEffect, useState } from 'preact/hooks';
import { signal } from '@preact/signals';
import { json } from './api';
import type { Kind } from './kinds';
import { token } from './session';

interface Rule { verbs: string[]; apiGroups?: string[]; resources?: string[] }

/** What the user may do by and large in the namespace last asked about; null until that is known. */
export const rules = signal<Rule[] | null>(null);

export async function readRules(namespace: string): Promise<void> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const answer = await json<{ status?: { resourceRules?: Rule[] } }>(
    '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', { method: 'POST', body: JSON.stringify(review) });
  rules.value = answer.status?.resourceRules ?? [];
}

/** Whether the rules name this at all: what greys out the menu. The server has the last word. */
export function mayProbably(verb: string, kind: Kind): boolean {
  const matches = (values: string[] | undefined, wanted: string) =>
    values?.some(v => v === '*' || v === wanted) ?? false;
  return rules.value === null || rules.value.some(rule =>
    matches(rule.verbs, verb) && matches(rule.apiGroups, kind.group) && matches(rule.resources, kind.resource));
}

export interface Wanted { verb: string; kind: Kind; namespace?: string; name?: string; subresource?: string }

/** Of so many questions the answers are kept: who looks at many objects asks some of each. */
const mostAnswers = 500;

const answers = new Map<string, Promise<boolean>>();
token.subscribe(() => answers.clear());

export function may(wanted: Wanted): Promise<boolean> {
  const { verb, kind, namespace, name, subresource } = wanted;
  const resourceAttributes = {
    verb, group: kind.group, version: kind.version, resource: kind.resource, subresource, namespace, name,
  };
  const key = JSON.stringify(resourceAttributes);
  let answer = answers.get(key);
  if (!answer) {
    const review = {
      apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes },
    };
    answer = json<{ status?: { allowed?: boolean } }>(
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { method: 'POST', body: JSON.stringify(review) })
      .then(given => given.status?.allowed ?? false, () => {
        // No answer is no refusal: who asks next asks the server again.
        answers.delete(key);
        return false;
      });
    if (answers.size >= mostAnswers) {
      answers.delete(answers.keys().next().value!);
    }
    answers.set(key, answer);
  }
  return answer;
}

/** Whether the user may; false until the server has said so. */
export function useMay(wanted: Wanted | null): boolean {
  const [allowed, setAllowed] = useState(false);
  useEffect(() => {
    let current = true;
    setAllowed(false);
    if (wanted) {
      void may(wanted).then(answer => current && setAllowed(answer));
    }
    return () => { current = false; };
  }, [wanted && JSON.stringify([wanted.verb, wanted.kind.group, wanted.kind.resource, wanted.namespace, wanted.name,
    wanted.subresource])]);
  return allowed;
}
