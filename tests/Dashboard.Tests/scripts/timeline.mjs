// Events, rollouts, restarts and conditions on one axis: of a workload, of a namespace, of a node and of the cluster.
import { api, deployment, expect, merge, namespace, scenario, until } from './browser.mjs';

const restarted = (exitCode, finishedAt, restartCount = 1) => ({
  status: {
    phase: 'Running', containerStatuses: [{
      name: 'main', image: 'x', imageID: '', ready: true, restartCount, state: { running: { startedAt: finishedAt } },
      lastState: { terminated: { exitCode, reason: 'Error', startedAt: finishedAt, finishedAt, containerID: 'containerd://1' } },
    }],
  },
});

await scenario(async open => {
  const space = await namespace('timeline');
  const path = `/apis/apps/v1/namespaces/${space}/deployments/web`;
  await api('POST', path.replace('/web', ''), deployment('web', 1));
  const page = await open(`#/object/apps/deployments/${space}/web?tab=timeline`);
  const list = page.getByRole('table', { name: 'What happened' });
  const axis = page.locator('.axis');
  // Revisions and what was asked for, by whom; what the controllers did, as Events of the Deployment and of its children.
  await list.getByText('Revision 1', { exact: true }).waitFor();
  await list.getByText('Created by', { exact: false }).first().waitFor();
  await list.getByText('ScalingReplicaSet').first().waitFor();
  await list.getByRole('row', { name: /SuccessfulCreate .*ReplicaSet web-/ }).first().waitFor();
  await merge(path, { spec: { template: { metadata: { labels: { colour: 'red' } } } } });
  await list.getByText('Revision 2', { exact: true }).waitFor();
  await list.getByText('Changed by', { exact: false }).first().waitFor();

  // Every mark is a link to its object, reached by keys; the list has the same ones.
  await axis.locator('[data-mark^="revision/"]').first().waitFor();
  const marks = await axis.locator('.mark-of').count();
  expect(marks >= 5, `there are ${marks} marks only`);
  expect(await axis.locator('.mark-of[tabindex="0"]').count() === 1, 'Tab does not lead to one mark');
  await axis.locator('.mark-of[tabindex="0"]').focus();
  await page.keyboard.press('Home');
  const first = await axis.locator('.mark-of:focus').getAttribute('data-mark');
  await page.keyboard.press('End');
  await until(page, before => document.activeElement.dataset.mark !== before, first);
  await page.keyboard.press('Home');
  await until(page, before => document.activeElement.dataset.mark === before, first);
  await page.keyboard.press('+');
  await page.getByRole('button', { name: 'Back to now' }).waitFor();
  expect(page.url().includes('from='), 'the time is not in the address');
  await page.getByRole('button', { name: '7 d' }).click();
  await until(page, () => document.querySelector('.spans [aria-pressed=true]')?.textContent === '7 d');
  await page.getByRole('button', { name: '1 h' }).click();

  // A restart of a pod nobody runs: of the workload, and of the namespace.
  const pods = `/api/v1/namespaces/${space}/pods`;
  await api('POST', pods, {
    metadata: { name: 'lonely' }, spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] },
  });
  await merge(`${pods}/lonely/status`, restarted(3, new Date(Date.now() - 60_000).toISOString()));
  const whole = await open(`#/object/core/namespaces/-/${space}?tab=timeline`);
  const row = whole.getByRole('row', { name: /main failed/ });
  await row.getByText('Exit code 3 (Error)').waitFor();

  // Its status has the next restart alone; the change log still has the one before, for whoever comes now, too.
  await merge(`${pods}/lonely/status`, restarted(4, new Date(Date.now() - 20_000).toISOString(), 2));
  await whole.getByRole('row', { name: /main failed .*Exit code 4/ }).waitFor();
  await whole.reload();
  await whole.getByRole('row', { name: /main failed .*Exit code 4 .*2 restarts by now/ }).waitFor();
  await whole.getByRole('row', { name: /main failed .*Exit code 3 .*1 restarts by now/ }).waitFor();
  await whole.getByRole('row', { name: /Revision 2 .*Deployment web/ }).waitFor();
  await whole.locator('[data-mark^="restart/"]').first().focus();
  await whole.keyboard.press('Enter');
  await whole.getByRole('heading', { name: 'lonely' }).waitFor();
  await whole.getByRole('tab', { name: 'Logs', selected: true }).waitFor();
  await whole.getByRole('tab', { name: 'Timeline' }).click();
  await whole.getByRole('row', { name: /main failed .*Exit code 3/ }).waitFor();

  // A drag along the axis chooses a time.
  await whole.goBack();
  const drawn = await whole.locator('.axis .catch').boundingBox();
  await whole.mouse.move(drawn.x + drawn.width * 0.5, drawn.y + 8);
  await whole.mouse.down();
  await whole.mouse.move(drawn.x + drawn.width * 0.9, drawn.y + 8, { steps: 4 });
  await whole.mouse.up();
  await whole.getByRole('button', { name: 'Back to now' }).waitFor();

  // Nodes' conditions are on the cluster's timeline, which the overview has, too; a week is asked of the store of logs.
  const cluster = await open('#/');
  await cluster.getByLabel('Namespace').selectOption('');
  await cluster.locator('.axis [data-mark^="condition/"]').first().waitFor();
  await cluster.getByRole('link', { name: 'Open the timeline' }).click();
  await cluster.getByRole('row', { name: /Ready: True .*Node hollow-node-0/ }).waitFor();
  const asked = [];
  await cluster.route('**/apis/logs.orc.dev/v1/lines?*', route => {
    asked.push(new URL(route.request().url()));
    const time = new Date(Date.now() - 3 * 86_400_000).toISOString();
    const text = 'Warning BackOff pod/gone: Back-off restarting failed container (reason=BackOff source=kubelet host=n1 count=3)';
    return route.fulfill({ json: { items: [{ time, namespace: space, pod: 'gone', container: 'Event', text }], metadata: {} } });
  });
  await cluster.getByRole('button', { name: '7 d' }).click();
  await cluster.getByRole('row', { name: /BackOff Pod gone Back-off restarting/ }).waitFor();
  expect(asked[0].searchParams.get('source') === 'events' && asked[0].searchParams.get('level') === 'warning', `asked for ${asked[0]}`);
  for (const [theme, width] of [['light', 1300], ['dark', 1300], ['dark', 390]]) {
    const shown = await open(`#/object/core/namespaces/-/${space}?tab=timeline`, { theme, width });
    await shown.getByRole('row', { name: /main failed/ }).first().waitFor();
    const wide = await shown.evaluate(() => document.documentElement.scrollWidth);
    expect(wide <= width, `the page is ${wide} wide of ${width}`);
    if (process.env.PICTURES) {
      await shown.screenshot({ path: `${process.env.PICTURES}/timeline-${theme}-${width}.png` });
    }
  }
}, { foreseen: /status of (400|404|500|501|503)/ });
