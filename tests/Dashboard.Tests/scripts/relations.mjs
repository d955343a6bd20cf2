// What belongs together: who uses what, what a deletion takes along, what a node has given away, and any two versions side by side.
import { api, deployment, expect, merge, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('related');
  const core = `/api/v1/namespaces/${space}`;
  await api('POST', `${core}/configmaps`, { metadata: { name: 'settings' }, data: { colour: 'blue' } });
  await api('POST', `${core}/secrets`, { metadata: { name: 'key' }, stringData: { token: 'x' } });
  const web = deployment('web', 2);
  const [main] = web.spec.template.spec.containers;
  main.envFrom = [{ configMapRef: { name: 'settings' } }];
  main.env = [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'key', key: 'token' } } }];
  main.resources = { requests: { cpu: '250m' } };
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, web);
  await api('POST', `${core}/services`, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  await api('POST', `/apis/networking.k8s.io/v1/namespaces/${space}/ingresses`, {
    metadata: { name: 'front' },
    spec: { rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] } }] },
  });
  await api('POST', `/apis/autoscaling/v2/namespaces/${space}/horizontalpodautoscalers`, {
    metadata: { name: 'sizes' }, spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } },
  });

  // From an Ingress to its Service, to a pod of it, to what that needs, and from there back to who uses it.
  const page = await open(`#/object/networking.k8s.io/ingresses/${space}/front`);
  const panel = title => page.locator('.panel', { has: page.getByRole('heading', { name: title, exact: true }) });
  await panel('Uses').getByRole('link', { name: 'web' }).click();
  await panel('Ingresses that lead here').getByRole('link', { name: 'front' }).waitFor();
  await panel('Endpoints').getByRole('link', { name: /^web-/ }).first().click();
  await panel('Services that lead here').getByRole('link', { name: 'web' }).waitFor();
  await panel('Uses').getByRole('link', { name: 'key' }).waitFor();
  await panel('Uses').getByRole('link', { name: 'settings' }).click();
  await until(page, () => document.querySelectorAll('.links li').length === 2);
  expect((await panel('Used by').getByRole('link').allInnerTexts()).every(t => t.startsWith('web-')), 'others use it');
  await page.evaluate(to => { location.hash = to; }, `#/object/autoscaling/horizontalpodautoscalers/${space}/sizes`);
  await panel('Uses').getByRole('link', { name: 'web' }).click();
  await page.getByRole('heading', { name: 'web', exact: true }).waitFor();

  // Who deletes is shown what goes along: a ReplicaSet and its two pods; of a namespace how much it holds.
  await page.getByText('2/2 ready').first().waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByText('It owns 3 objects:').waitFor();
  expect(await page.getByRole('dialog').locator('.tree a').count() === 3, 'not all of them are named');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  const whole = await open(`#/object/core/namespaces/-/${space}`);
  await whole.getByRole('button', { name: 'Delete' }).click();
  await whole.getByRole('dialog').getByText(/It holds 2 Pods, 1 Deployments, 1 Services, /).waitFor();

  // A node says what of it has been asked for.
  const [pod] = (await api('GET', `${core}/pods`)).items;
  const node = await open(`#/object/core/nodes/-/${pod.spec.nodeName}`);
  const row = node.getByRole('row', { name: /^cpu / });
  await until(node, () => /^(?!0$|–)/.test([...document.querySelectorAll('tr')].find(r => r.firstChild?.textContent === 'cpu')?.children[3]?.textContent ?? '–'));
  expect(/\d+m|\d/.test(await row.innerText()), 'nothing is asked for');

  // Any two versions, chosen in whichever order: the older is what the newer is compared to.
  const path = `${core}/configmaps/settings`;
  await merge(path, { data: { colour: 'green' } });
  await merge(path, { data: { shape: 'round' } });
  const versions = await open(`#/object/core/configmaps/${space}/settings?tab=history`);
  const radios = versions.getByRole('radio', { name: /^Compare from/ });
  await until(versions, () => document.querySelectorAll('tbody tr').length === 3);
  const compare = versions.getByRole('button', { name: 'Compare chosen' });
  expect(await compare.isDisabled(), 'nothing was chosen');
  await radios.first().check();
  await versions.getByRole('radio', { name: /^Compare to/ }).last().check();
  await compare.click();
  const diff = versions.getByRole('dialog').locator('.diff');
  await diff.locator('.removed', { hasText: 'colour: blue' }).waitFor();
  await diff.locator('.added', { hasText: 'shape: round' }).waitFor();
}, { foreseen: /status of 404/ });
