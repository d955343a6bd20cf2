// Logs of several pods as one stream, a terminal, and what is used: with a node's part played here, since simulated nodes have none.
import { api, deployment, expect, merge, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('streams');
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, deployment('web', 2));
  const page = await open('#/');
  let streams = 0;
  await page.route(`**/namespaces/${space}/pods/*/log?*`, route => {
    const own = streams++ % 2;
    const line = i => `2026-01-01T00:00:${String(2 * i + own).padStart(2, '0')}.000000000Z line ${2 * i + own}${i === 3 ? ' ERROR lost' : ''}`;
    return route.fulfill({ contentType: 'text/plain', body: `${[0, 1, 2, 3].map(line).join('\n')}\n` });
  });
  await page.evaluate(to => { location.hash = to; }, `#/object/apps/deployments/${space}/web?tab=logs`);
  await until(page, () => document.querySelectorAll('.log .line').length === 8);
  const shown = await page.locator('.log .line span').allInnerTexts();
  expect(shown.every((text, i) => text.startsWith(`line ${i}`)), `not in the order of time: ${shown}`);
  expect(await page.locator('.log .line.bad').count() === 2, 'errors are not marked');
  await page.getByLabel('Search the log').fill('/line [12]\\b/');
  await until(page, () => document.querySelectorAll('.log .line').length === 2);
  await page.locator('.log mark', { hasText: 'line 2' }).waitFor();

  const [pod] = (await api('GET', `/api/v1/namespaces/${space}/pods`)).items;
  const shell = await open('#/');
  const heard = [];
  await shell.routeWebSocket('**/exec?*', socket => {
    socket.onMessage(frame => {
      heard.push([frame[0], Buffer.from(frame).subarray(1).toString()]);
      if (frame[0] === 0) {
        socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(`said ${Buffer.from(frame).subarray(1)}\r\n`)]));
      }
    });
  });
  await shell.evaluate(to => { location.hash = to; }, `#/object/core/pods/${space}/${pod.metadata.name}?tab=terminal`);
  await shell.locator('.xterm-helper-textarea').waitFor({ state: 'attached' });
  await until(shell, () => document.querySelector('.toolbar [role=status]')?.textContent === '');
  await shell.locator('.xterm-helper-textarea').focus();
  await shell.keyboard.type('x');
  await shell.locator('.xterm-rows', { hasText: 'said x' }).waitFor();
  expect(heard.some(([channel, text]) => channel === 4 && JSON.parse(text).Width > 20), 'the size was not told');

  // Who follows a container that starts anew reads on in the next one's log.
  const pods = `/api/v1/namespaces/${space}/pods`;
  await api('POST', pods, { metadata: { name: 'anew' }, spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] } });
  const runs = id => merge(`${pods}/anew/status`, {
    status: { containerStatuses: [{ name: 'main', image: 'x', imageID: '', ready: true, restartCount: 0, containerID: `containerd://${id}`, state: { running: {} } }] },
  });
  const anew = await open('#/');
  let starts = 0;
  await anew.route('**/pods/anew/log?*', route => (starts++ === 0
    ? route.fulfill({ status: 400, json: { kind: 'Status', code: 400, message: 'container "main" in pod "anew" is waiting to start' } })
    : route.fulfill({ contentType: 'text/plain', body: `2026-01-01T00:00:00.000000000Z start ${starts}\n` })));
  await anew.evaluate(to => { location.hash = to; }, `#/object/core/pods/${space}/anew?tab=logs`);
  await anew.getByText('is waiting to start').waitFor();
  await runs('one');
  await anew.locator('.log .line', { hasText: 'start 2' }).waitFor();
  expect(await anew.getByText('is waiting to start').count() === 0, 'what was wrong before is still told');
  await runs('two');
  await anew.locator('.log .line', { hasText: 'start 3' }).waitFor();

  const used = await open('#/');
  await used.route(`**/metrics.k8s.io/*/namespaces/*/pods/*`, route => route.fulfill({
    json: { metadata: { name: pod.metadata.name }, containers: [{ name: 'main', usage: { cpu: '250m', memory: '64Mi' } }] },
  }));
  await used.evaluate(to => { location.hash = to; }, `#/object/core/pods/${space}/${pod.metadata.name}`);
  await used.getByText('64.0 MiB').waitFor();
  await used.getByText('250m').waitFor();
}, { foreseen: /status of (400|404|500|503)/ });
