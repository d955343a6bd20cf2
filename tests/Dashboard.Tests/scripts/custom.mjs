// A kind that is defined while somebody looks: it is in the menu, with its columns, filters and pages, and goes with its definition.
import { api, expect, namespace, scenario, until } from './browser.mjs';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const spec = { type: 'object', properties: { crew: { type: 'integer' } } };

await scenario(async open => {
  const space = await namespace('harbour');
  const page = await open('#/');
  await page.locator('.verdict').waitFor();
  const link = page.locator('.side').getByRole('link', { name: 'Ships', exact: true });
  expect(await link.count() === 0, 'the kind is there before its definition');
  await api('POST', definitions, {
    metadata: { name: 'ships.sea.example.org' },
    spec: {
      group: 'sea.example.org', scope: 'Namespaced', names: { plural: 'ships', singular: 'ship', kind: 'Ship' },
      versions: [{
        name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
        additionalPrinterColumns: [{ name: 'Crew', type: 'integer', jsonPath: '.spec.crew' }], selectableFields: [{ jsonPath: '.spec.crew' }],
      }],
    },
  });
  await link.click();
  await page.getByRole('columnheader', { name: 'Crew' }).waitFor();
  for (const [name, crew] of [['aurora', 7], ['bounty', 46]]) {
    await api('POST', `/apis/sea.example.org/v1/namespaces/${space}/ships`, { apiVersion: 'sea.example.org/v1', kind: 'Ship', metadata: { name }, spec: { crew } });
  }
  const rows = page.locator('.grid-body a');
  await rows.filter({ hasText: 'aurora' }).getByText('7', { exact: true }).waitFor();
  await rows.filter({ hasText: 'bounty' }).waitFor();
  await page.getByLabel('Filter by fields').fill('spec.crew=46');
  await page.keyboard.press('Enter');
  await until(page, () => document.querySelector('.heading .count')?.textContent.trim() === '1');
  expect((await rows.innerText()).includes('bounty'), 'the filter by field shows another');
  await rows.click();
  await page.getByRole('heading', { name: 'bounty' }).waitFor();
  await page.getByRole('tab', { name: 'YAML' }).click();
  await page.locator('.editor').waitFor();
  await api('DELETE', `${definitions}/ships.sea.example.org`);
  await link.waitFor({ state: 'detached' });
}, { foreseen: /status of (404|500)/ });
