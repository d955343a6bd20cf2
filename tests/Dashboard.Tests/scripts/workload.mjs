// Scaling, restarting, rolling back and draining, each followed live.
import { api, deployment, expect, merge, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('work');
  const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
  await api('POST', path.replace('/web', ''), deployment('web', 1));
  const page = await open(`#/object/apps/deployments/${space}/web`);
  await page.getByText('1/1 ready').first().waitFor();

  await page.getByRole('button', { name: 'Scale' }).click();
  await page.getByLabel('Replicas').fill('3');
  await page.getByRole('dialog').getByRole('button', { name: 'Scale' }).click();
  await page.locator('.heading').getByText('3/3 ready').waitFor();

  await page.getByRole('button', { name: 'Restart' }).click();
  await page.getByText('web restarts.').waitFor();
  await merge(path, { spec: { template: { metadata: { labels: { colour: 'red' } } } } });

  // Who wrote what: the number of the revision is the controller's.
  await page.getByRole('tab', { name: 'History' }).click();
  await page.locator('tr', { hasText: 'kube-controller-manager' }).first().getByRole('button', { name: 'Show' }).click();
  await page.getByRole('dialog').locator('.diff .added', { hasText: 'deployment.kubernetes.io/revision' }).waitFor();
  await page.keyboard.press('Escape');

  await page.getByRole('tab', { name: 'Revisions' }).click();
  await page.getByRole('button', { name: 'Compare and roll back' }).last().click();
  await page.locator('.diff .removed', { hasText: 'colour: red' }).waitFor();
  await page.getByRole('button', { name: 'Roll back' , exact: true }).click();
  await page.getByText('Rolling back to revision').waitFor();
  expect((await api('GET', path)).spec.template.metadata.labels.colour === undefined, 'the template is as it was');

  const node = await open('#/object/core/nodes/-/hollow-node-1');
  await node.getByRole('button', { name: 'Drain' }).click();
  await node.getByRole('dialog').getByRole('button', { name: 'Drain' }).click();
  await node.getByRole('dialog').getByRole('button', { name: 'Done' }).or(node.getByText('and 0 of its pods')).first().waitFor();
  await node.keyboard.press('Escape');
  await node.getByRole('button', { name: 'Uncordon' }).click();
  await node.getByRole('button', { name: 'Cordon', exact: true }).waitFor();

  // Who closes what opened by keys is back where they were.
  await node.getByRole('button', { name: 'Cordon', exact: true }).focus();
  await node.keyboard.press('Control+k');
  await node.getByRole('dialog', { name: 'Go to' }).waitFor();
  await node.keyboard.press('Escape');
  await until(node, () => document.activeElement.textContent === 'Cordon');

  // By keyboard alone: to a kind, into its list, to an object.
  await node.keyboard.press('Control+k');
  await node.keyboard.type('deploy');
  await node.keyboard.press('Enter');
  await node.getByRole('heading', { name: 'Deployments' }).waitFor();
  await node.locator('.grid-body a').first().waitFor();
  await node.locator('.grid').focus();
  await node.keyboard.press('Tab');
  await node.keyboard.press('Enter');
  await node.locator('[role=columnheader][aria-sort=ascending]', { hasText: 'Name' }).waitFor();
  await node.keyboard.press('/');
  await node.keyboard.type(space); // other scripts have Deployments, too, and images called web
  await node.keyboard.press('Escape');
  await node.keyboard.press('Enter');
  await node.getByRole('heading', { name: 'web' }).waitFor();
}, { foreseen: /status of 404/ });
