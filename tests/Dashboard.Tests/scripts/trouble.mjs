// The overview names what is wrong, why, and leads there.
import { api, deployment, eventually, merge, namespace, scenario, until } from './browser.mjs';

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
  const evicted = pod('evicted');
  evicted.spec.schedulerName = 'nobody';
  await api('POST', pods, evicted);
  await merge(`${pods}/evicted/status`, { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' } });
  await api('POST', `/apis/batch/v1/namespaces/${space}/jobs`, {
    metadata: { name: 'late' },
    spec: { activeDeadlineSeconds: 1, template: { spec: { restartPolicy: 'Never', schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] } } },
  });

  // Pods of one owner that are unwell in one way are one line, and are counted each.
  const stuck = deployment('stuck', 3);
  stuck.spec.template.spec.schedulerName = 'nobody';
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, stuck);
  await eventually(async () => (await api('GET', `${pods}?labelSelector=app%3Dstuck`)).items.length === 3);
  await api('POST', `/api/v1/namespaces/${space}/persistentvolumeclaims`, {
    metadata: { name: 'wanting' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'none-such', resources: { requests: { storage: '1Gi' } } },
  });

  // One that lacks pods, and has none to say why: a quota holds them back.
  const quotas = `/api/v1/namespaces/${space}/resourcequotas`;
  await api('POST', quotas, { metadata: { name: 'none' }, spec: { hard: { pods: '0' } } });
  await eventually(async () => (await api('GET', `${quotas}/none`)).status?.hard);
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, deployment('held', 1));
  const page = await open('#/');
  await page.getByLabel('Namespace').selectOption(space);
  await page.locator('.finding', { hasText: /trouble\/stuck-/ }).getByText(/and 2 more of ReplicaSet stuck-/).waitFor();
  await page.locator('.finding', { hasText: 'trouble/wanting' }).getByText('"none-such" not found').waitFor();
  await page.locator('.verdict').getByText('9 things need attention.').waitFor();
  await page.locator('.finding.bad', { hasText: 'trouble/evicted' }).getByText('low on resource: memory').waitFor();
  await page.locator('.finding.bad', { hasText: 'Job failed' }).getByText('trouble/late').waitFor();
  await page.locator('.finding', { hasText: 'Incomplete' }).getByText('trouble/held').waitFor();
  for (const [text, name] of [['trouble/evicted', 'evicted'], ['Job failed', 'late'], ['Incomplete', 'held']]) {
    await page.locator('.finding', { hasText: text }).click();
    await page.getByRole('heading', { name, exact: true }).waitFor();
    await page.getByRole('link', { name: 'Overview', exact: true }).click();
  }
  await page.locator('.finding', { hasText: 'trouble/greedy' }).getByText('Insufficient cpu').waitFor();
  await page.locator('.finding.bad', { hasText: 'CrashLoopBackOff' }).getByText('trouble/crashing').waitFor();
  await page.locator('.finding', { hasText: 'trouble/crashing' }).click();
  await page.getByRole('heading', { name: 'crashing' }).waitFor();
  await page.getByRole('tab', { name: 'Logs', selected: true }).waitFor();

  // A node that has never said how it is is told of as one, and not as if it were well.
  await api('POST', '/api/v1/nodes', { metadata: { name: 'silent' } });
  const silent = await open('#/');
  await silent.locator('.finding.bad', { hasText: 'Node not ready' }).getByText('silent', { exact: true }).waitFor();
  await api('DELETE', '/api/v1/nodes/silent');

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
}, { foreseen: /status of (400|404|500)/ });
