// A pod's ports as commands, a container for debugging whose shell opens by itself, and volumes that run full.
import { api, eventually, expect, merge, namespace, scenario, until } from './browser.mjs';

const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
const status = (name, state) => ({ name, image: 'x', imageID: '', ready: true, restartCount: 0, state });

await scenario(async open => {
  const space = await namespace('debug');
  const pods = `/api/v1/namespaces/${space}/pods`;
  await api('POST', pods, {
    metadata: { name: 'lonely' },
    spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x', ports: [{ name: 'web', containerPort: 80 }, { containerPort: 53, protocol: 'UDP' }] }] },
  });
  await merge(`${pods}/lonely/status`, { status: { phase: 'Running', containerStatuses: [status('main', running)] } });
  const page = await open(`#/object/core/pods/${space}/lonely`);
  await page.getByText(`kubectl port-forward -n ${space} pod/lonely 8080:80`).waitFor();
  expect(await page.getByRole('link', { name: 'http://127.0.0.1:8080' }).count() === 1, 'there is no link to the port');
  expect(await page.getByText('port-forward').count() === 1, 'a port for UDP is offered');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy the command for port 80' }).click();
  await page.getByText('Copied.').waitFor();
  expect((await page.evaluate(() => navigator.clipboard.readText())).endsWith('8080:80'), 'the command was not copied');

  // The terminal waits until the new container runs, and is in it then.
  const asked = [];
  await page.routeWebSocket('**/exec?*', socket => {
    asked.push(new URL(socket.url()).searchParams.get('container'));
    socket.onMessage(() => socket.send(Buffer.from('\x01hello\r\n')));
  });
  await page.getByRole('button', { name: 'Debug' }).click();
  await page.getByLabel('Image').fill('example.com/tools:1');
  await page.getByRole('button', { name: 'Start' }).click();
  await page.getByRole('tab', { name: 'Terminal', selected: true }).waitFor();
  await page.getByText('Waits for the container to start.').waitFor();
  const [added] = (await api('GET', `${pods}/lonely`)).spec.ephemeralContainers;
  expect(added.image === 'example.com/tools:1' && added.targetContainerName === 'main' && added.stdin && added.tty, JSON.stringify(added));
  await merge(`${pods}/lonely/status`, { status: { ephemeralContainerStatuses: [status(added.name, running)] } });
  await page.locator('.xterm-rows', { hasText: 'hello' }).waitFor();
  expect(asked.join() === added.name, `shells were opened in ${asked}`);
  await page.getByLabel('Container').selectOption('main');
  await until(page, () => document.querySelector('.toolbar [role=status]')?.textContent === '');

  // A claim that is bound has its node asked; one that is nearly full is among what is wrong.
  await api('POST', '/api/v1/persistentvolumes', {
    metadata: { name: 'debug' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/tmp' }, storageClassName: '', claimRef: { namespace: space, name: 'data' } },
  });
  await api('POST', `/api/v1/namespaces/${space}/persistentvolumeclaims`, {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName: 'debug', resources: { requests: { storage: '1Gi' } } },
  });
  const overview = await open('#/list/core/nodes');
  const of = claim => `{namespace="${space}",persistentvolumeclaim="${claim}"}`;
  await overview.route('**/proxy/metrics', route => route.fulfill({
    contentType: 'text/plain', body: [
      `kubelet_volume_stats_capacity_bytes${of('data')} 1000`, `kubelet_volume_stats_used_bytes${of('data')} 955`,
      `kubelet_volume_stats_inodes${of('data')} 10`, `kubelet_volume_stats_inodes_used${of('data')} 1`,
      `kubelet_volume_stats_capacity_bytes${of('other')} 1000`, `kubelet_volume_stats_used_bytes${of('other')} 10`, ''].join('\n'),
  }));
  await overview.evaluate(() => { location.hash = '#/'; });
  const full = overview.locator('.finding', { hasText: 'Volume full' }).first();
  await full.getByText(`${space}/data`).waitFor();
  await full.getByText('95 % of its bytes are used.').waitFor();
  expect(await overview.locator('.finding', { hasText: `${space}/other` }).count() === 0, 'a volume that is nearly empty is told of');
  await full.click();
  await overview.getByRole('heading', { name: 'data' }).waitFor();

  // Other scenarios' overviews would ask nodes that are simulated.
  const claims = `/api/v1/namespaces/${space}/persistentvolumeclaims`;
  await api('DELETE', `${claims}/data`);
  await eventually(async () => (await api('GET', claims)).items.length === 0);
}, { foreseen: /status of (400|404|500|501|502|503)/ });
