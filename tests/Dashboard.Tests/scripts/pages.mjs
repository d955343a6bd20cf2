// Every kind's list opens, in both themes and on a phone, and so do the other pages.
import { api, deployment, expect, namespace, scenario } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('pages');
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, deployment('web', 2));
  await api('POST', `/api/v1/namespaces/${space}/services`, {
    metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  await api('POST', `/api/v1/namespaces/${space}/configmaps`, { metadata: { name: 'settings' }, data: { colour: 'blue' } });

  const page = await open('#/');
  await page.locator('.verdict').waitFor();
  const links = await page.locator('.side details a').evaluateAll(all => all.map(a => a.getAttribute('href')));
  expect(links.length > 40, `the menu has ${links.length} kinds only`);
  for (const link of links) {
    await page.evaluate(hash => { location.hash = hash; }, link);
    await page.locator(`.side a.current[href="${link}"]`).waitFor({ state: 'attached' });
    await page.locator('.grid').waitFor();
  }
  for (const [hash, shown] of [
    ['#/changes', '.table'], ['#/create', '.editor'],
    [`#/object/apps/deployments/${space}/web`, '.tree a'], [`#/object/core/services/${space}/web`, 'text=Endpoints'],
    [`#/object/core/configmaps/${space}/settings`, '.datum'], ['#/object/core/nodes/-/hollow-node-0', 'text=Capacity'],
    [`#/object/core/namespaces/-/${space}`, '.facts'],
  ]) {
    await page.evaluate(to => { location.hash = to; }, hash);
    await page.locator(shown).first().waitFor();
  }

  // Events come with what was last first.
  await page.getByLabel('Namespace').selectOption(space);
  await page.evaluate(() => { location.hash = '#/list/events.k8s.io/events'; });
  await page.locator('[role=columnheader][aria-sort=ascending]', { hasText: 'Last Seen' }).waitFor();
  await api('POST', `/api/v1/namespaces/${space}/events`, {
    metadata: { name: 'told' }, involvedObject: { kind: 'ConfigMap', name: 'settings', namespace: space }, reason: 'JustNow', type: 'Normal',
    message: 'It has happened.', lastTimestamp: new Date().toISOString(), count: 1, source: { component: 'test' },
  });
  await page.locator('.grid-body a[aria-rowindex="2"]', { hasText: 'JustNow' }).waitFor();

  const phone = await open('#/list/apps/deployments', { width: 390, height: 800, theme: 'dark' });
  // There is no room for a column of namespaces: names have theirs before them.
  await phone.locator('.grid-body a', { hasText: 'web', has: phone.locator('small', { hasText: space }) }).waitFor();
  const width = await phone.evaluate(() => document.documentElement.scrollWidth);
  expect(width <= 390, `the page is ${width} wide on a phone`);
  expect(await phone.evaluate(() => document.documentElement.dataset.theme) === 'dark', 'the system asks for dark');
  await phone.getByRole('button', { name: 'Menu' }).click();
  await phone.getByRole('link', { name: 'Pods', exact: true }).click();
  await phone.getByRole('heading', { name: 'Pods' }).waitFor();
});
