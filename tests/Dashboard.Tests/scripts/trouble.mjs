// The overview names what is wrong, why, and leads there.
import { api, merge, namespace, scenario } from './browser.mjs';

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
}, { foreseen: /status of (400|500)/ });
