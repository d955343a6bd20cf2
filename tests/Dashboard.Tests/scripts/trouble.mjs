// The overview names what is wrong, why, and leads there.
import { api, merge, namespace, scenario, until } from './browser.mjs';

const pod = (name, more) => ({ metadata: { name }, spec: { containers: [{ name: 'main', image: 'x', ...more }] } });

await scenario(async open => {
  const space = await namespace('trouble');
  const pods = `/api/v1/namespaces/${space}/pods`;
  await api('POST', pods, pod('greedy', { resources: { requests: { cpu: '5000' } } }));
  const crashing = pod('crashing');
  crashing.spec.schedulerName = 'nobody';
  await api('POST', pods, crashing);
  await merge(`${pods}/crashing/status`, {
    status: {
      phase: 'Running', containerStatuses: [{
        name: 'main', image: 'x', imageID: '', ready: false, restartCount: 7,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container' } },
        lastState: { terminated: { exitCode: 3, reason: 'Error', containerID: 'containerd://1' } },
      }],
    },
  });
  const page = await open('#/');
  await page.locator('.finding', { hasText: 'trouble/greedy' }).getByText('Insufficient cpu').waitFor();
  await page.locator('.finding.bad', { hasText: 'CrashLoopBackOff' }).getByText('trouble/crashing').waitFor();
  await page.locator('.finding', { hasText: 'trouble/crashing' }).click();
  await page.getByRole('heading', { name: 'crashing' }).waitFor();
  await page.getByRole('tab', { name: 'Logs', selected: true }).waitFor();

  // Who leaves while the last lines are still coming is told of no error.
  const leaving = await open('#/');
  await leaving.addInitScript(() => {
    const plain = window.fetch;
    window.fetch = (path, sending) => !String(path).includes('/crashing/log?') ? plain(path, sending)
      : Promise.resolve(new Response(new ReadableStream({
        start(body) {
          window.isReading = true;
          sending.signal.addEventListener('abort', () => { body.error(sending.signal.reason); window.hasLeft = true; });
        },
      })));
  });
  await leaving.reload();
  await until(leaving, () => window.isReading);
  await leaving.getByRole('link', { name: 'Pods', exact: true }).click();
  await until(leaving, () => window.hasLeft);
  await leaving.getByRole('heading', { name: 'Pods' }).waitFor();
}, { foreseen: /status of (400|500)/ });
