// The past in charts: who used the most, chosen ones compared, a span chosen by dragging, and an object's own charts.
import { api, deployment, expect, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('measured');
  const made = deployment('web', 2);
  made.spec.template.spec.containers[0].resources = { requests: { cpu: '200m', memory: '64Mi' }, limits: { memory: '128Mi' } };
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, made);

  const page = await open('#/metrics?ago=900');
  await page.getByRole('combobox', { name: 'Namespace' }).selectOption(space);
  await page.getByRole('combobox', { name: 'Figure' }).selectOption('memoryBytes');
  await page.getByRole('link', { name: /^web-/ }).first().waitFor();
  await page.locator('.u-over').waitFor();
  expect((await page.locator('tbody tr td.number').first().textContent()).includes('32'), 'half of what is asked for');
  expect(await page.locator('.u-series').count() === 3, 'time and two pods in the legend');
  await page.getByRole('checkbox').first().check();
  await until(page, () => document.querySelectorAll('.u-series').length === 2);

  await page.getByRole('combobox', { name: 'Of', exact: true }).selectOption('owner');
  await page.getByRole('link', { name: 'Deployment/web' }).waitFor();
  await page.getByRole('combobox', { name: 'Of', exact: true }).selectOption('node');
  await page.getByRole('link', { name: 'hollow-node-0' }).waitFor();

  // Dragging along the chart chooses a span, which the address keeps.
  const box = await page.locator('.u-over').boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Back to now' }).waitFor();
  expect(page.url().includes('from='), 'the span is in the address');
  await page.getByRole('button', { name: 'Back to now' }).click();

  for (const theme of ['light', 'dark']) {
    const own = await open(`#/object/apps/deployments/${space}/web?tab=metrics`, { theme });
    await own.getByRole('heading', { name: 'Memory' }).waitFor();
    await own.getByText('Limits').first().waitFor();
    await own.locator('.u-over').first().waitFor();
    if (process.env.PICTURES) {
      await own.screenshot({ path: `${process.env.PICTURES}/metrics-${theme}.png` });
    }
  }
  if (process.env.PICTURES) {
    await page.getByRole('combobox', { name: 'Of', exact: true }).selectOption('pod');
    await page.locator('.u-over').waitFor();
    await page.screenshot({ path: `${process.env.PICTURES}/metrics-page.png` });
    const phone = await open('#/metrics?ago=900', { width: 390, height: 800 });
    await phone.locator('.u-over').waitFor();
    await phone.screenshot({ path: `${process.env.PICTURES}/metrics-phone.png` });
  }

  // What was shown stays while the server has no time for what came since.
  const torn = await open(`#/object/apps/deployments/${space}/web?tab=metrics`, { before: p => p.clock.install() });
  await torn.locator('.u-over').first().waitFor();
  await torn.route('**/apis/metrics.k8s.io/**', route => route.fulfill({ status: 503, json: { kind: 'Status', code: 503, message: 'no time' } }));
  await torn.clock.fastForward(16_000);
  await torn.getByRole('alert').getByText('no time').waitFor();
  expect(await torn.locator('.u-over').count() > 0, 'the charts have gone');

  const guest = await open('#/metrics', { token: 'guest-token' });
  await guest.getByRole('alert').getByText('cannot list').waitFor();
}, { foreseen: /status of (40[34]|503)/ });
