// YAML: a dry run shows the difference, a wrong field is marked, and what is new is created.
import { api, deployment, expect, namespace, scenario } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('edits');
  const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
  await api('POST', path.replace('/web', ''), deployment('web', 1));
  const page = await open(`#/object/apps/deployments/${space}/web`);
  // Until the controller has nothing more to say, every write of mine could meet one of its.
  await page.getByText('has successfully progressed').waitFor();
  await page.getByText('1/1 ready').first().waitFor();
  await page.getByRole('tab', { name: 'YAML' }).click();
  const area = page.getByLabel('YAML of web');
  const change = async (from, to) => area.fill((await area.inputValue()).replace(from, to));
  await area.waitFor();
  expect(!(await area.inputValue()).includes('managedFields'), 'owners of fields are shown unasked');

  await change('  replicas: 1', '  replicas: -1');
  await page.getByRole('button', { name: 'Review changes' }).click();
  await page.getByText('must be greater than or equal to 0').first().waitFor();
  await page.locator('.gutter .wrong').waitFor();

  await change('  replicas: -1', '  replicas: 3');
  await page.getByRole('button', { name: 'Review changes' }).click();
  await page.locator('.diff .added', { hasText: 'replicas: 3' }).waitFor();
  expect((await api('GET', path)).spec.replicas === 1, 'a dry run has written');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('is saved').waitFor();
  expect((await api('GET', path)).spec.replicas === 3, 'nothing was written');

  const create = await open('#/create');
  await create.getByLabel('YAML of the objects to create').fill(
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: ${space}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: TWO, namespace: ${space}}\n`);
  await create.getByRole('button', { name: 'Create', exact: true }).click();
  await create.getByText('ConfigMap "TWO" is invalid').waitFor();
  await create.getByRole('link', { name: 'ConfigMap one' }).click();
  await create.getByRole('button', { name: 'Delete' }).click();
  await create.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await create.getByText('ConfigMap one is being deleted.').waitFor();

  // What is gone is among the changes, and so it is among the versions of what has its name now, each with its time.
  const changes = await open('#/changes');
  await changes.locator('tr', { hasText: `${space}/one` }).filter({ hasText: 'Deleted' }).waitFor();
  await api('POST', `/api/v1/namespaces/${space}/configmaps`, { metadata: { name: 'one' } });
  const versions = await open(`#/object/core/configmaps/${space}/one?tab=history`);
  const deleted = versions.locator('tr', { hasText: 'Deleted' });
  await deleted.waitFor();
  expect(!(await deleted.innerText()).startsWith('–'), 'nobody says when the object was deleted');
}, { foreseen: /status of (409|422)/ });
