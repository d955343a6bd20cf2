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
  const row = changes.locator('tr', { hasText: `${space}/one` }).filter({ hasText: 'Deleted' });
  await row.waitFor();
  expect(await changes.getByText('These could not be read').count() === 0, 'something could not be read');
  await row.getByRole('link').click();
  await changes.getByText(`There is no ConfigMap one in ${space}.`).waitFor();
  await changes.locator('tr', { hasText: 'Created' }).getByRole('button', { name: 'Show' }).waitFor();
  await changes.locator('tr', { hasText: 'Deleted' }).waitFor();
  await api('POST', `/api/v1/namespaces/${space}/configmaps`, { metadata: { name: 'one' } });
  const versions = await open(`#/object/core/configmaps/${space}/one?tab=history`);
  const deleted = versions.locator('tr', { hasText: 'Deleted' });
  await deleted.waitFor();
  expect(!(await deleted.innerText()).startsWith('–'), 'nobody says when the object was deleted');

  // A long text has no colours, and is edited as others are.
  await api('POST', `/api/v1/namespaces/${space}/configmaps`, { metadata: { name: 'long' }, data: { text: 'a line\n'.repeat(6000) } });
  const long = await open(`#/object/core/configmaps/${space}/long?tab=yaml`);
  await long.locator('.gutter .plain').waitFor();
  await long.getByLabel('YAML of long').evaluate(area => {
    area.focus();
    area.setSelectionRange(area.value.indexOf('a line'), area.value.indexOf('a line'));
  });
  await long.keyboard.type('just ');
  await long.getByRole('button', { name: 'Review changes' }).click();
  await long.locator('.diff .added', { hasText: 'just a line' }).waitFor();

  // What cannot be read is not taken for what has not changed.
  const torn = await open('#/');
  await torn.route('**/api/v1/configmaps?*', route => route.fulfill({ status: 500, json: { kind: 'Status', code: 500, message: 'torn' } }));
  await torn.evaluate(() => { location.hash = '#/changes'; });
  await torn.getByText('These could not be read: ConfigMaps.').waitFor();
}, { foreseen: /status of (404|409|422|500)/ });
