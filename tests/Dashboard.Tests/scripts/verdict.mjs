// The verdict is true at every moment: what is wrong is told as soon as it is known, that nothing is when everything has been seen.
import { api, expect, merge, namespace, scenario, until } from './browser.mjs';

const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] };
const running = {
  phase: 'Running', containerStatuses: [{ name: 'main', image: 'x', imageID: '', ready: true, restartCount: 0, state: { running: {} } }],
};

/** Four pods, of which so many are well that come first, and those that wait after them; or the other way round. */
async function pods(space, { well, isWellFirst }) {
  const path = `/api/v1/namespaces/${await namespace(space)}/pods`;
  for (let i = 0; i < 4; i++) {
    const name = `pod-${isWellFirst ? i : 3 - i}`;
    await api('POST', path, { metadata: { name }, spec });
    if (i < well) {
      await merge(`${path}/${name}/status`, { status: running });
    }
  }
}

/** Of the pods the first two come at once, and the rest when they are released; they are counted before, or are too many for that. */
async function held(page, isCounted) {
  let release;
  const released = new Promise(resolve => { release = resolve; });
  const asked = [];
  await page.route(/\/pods\?.*limit=/, async route => {
    const url = new URL(route.request().url());
    if (url.searchParams.has('continue')) {
      await released;
    } else if (url.searchParams.has('includeObject')) {
      url.searchParams.set('limit', isCounted ? '4' : '2');
    } else {
      asked.push(url.pathname);
      url.searchParams.set('limit', '2');
    }
    await route.continue({ url: url.href });
  });
  return { release, asked };
}

await scenario(async open => {
  await pods('verdict-late', { well: 3, isWellFirst: true });
  await pods('verdict-early', { well: 2, isWellFirst: false });
  await pods('verdict-calm', { well: 4, isWellFirst: true });
  const choose = (page, space) =>
    page.addInitScript(chosen => { if (self.origin !== 'null') { localStorage.setItem('orc.namespace', chosen); } }, space);
  const look = async (space, isCounted = false) => {
    let control;
    const page = await open('#/', {
      before: async p => {
        await choose(p, space);
        control = await held(p, isCounted);
      },
    });
    return { page, ...control };
  };
  const count = (page, wanted) => until(page, text =>
    [...document.querySelectorAll('.tile')].find(t => t.textContent.startsWith('Pods'))?.querySelector('strong').textContent === text, wanted);

  // Two are well; of the other two nothing is known but that they are there.
  for (const [space, verdict] of [['verdict-late', 'One thing needs attention.'], ['verdict-calm', 'All is well.']]) {
    const { page, release } = await look(space);
    await count(page, '4');
    await page.getByText('Looking …').waitFor();
    expect(await page.locator('.verdict').count() === 0, 'there is a verdict before everything was seen');
    release();
    await page.locator('.verdict').getByText(verdict, { exact: true }).waitFor();
  }

  // Once they are counted there is a verdict, though not all have come.
  const calm = await look('verdict-calm', true);
  await calm.page.locator('.verdict').getByText('All is well.').waitFor();
  const late = await look('verdict-late', true);
  await late.page.locator('.verdict').getByText('One thing needs attention.', { exact: true }).waitFor();
  expect(await late.page.locator('.finding').count() === 0, 'what waits is known before it was read');
  late.release();
  await late.page.locator('.finding', { hasText: 'verdict-late/pod-3' }).waitFor();

  // What is wrong is not kept back until the rest has come.
  const { page, release, asked } = await look('verdict-early');
  await page.locator('.verdict').getByText('2 things need attention so far.').waitFor();
  await page.locator('.finding', { hasText: 'verdict-early/pod-0' }).waitFor();
  release();
  await page.locator('.verdict').getByText('2 things need attention.', { exact: true }).waitFor();

  // Who goes to the list and comes back has it read once.
  await page.evaluate(() => { location.hash = '#/list/core/pods'; });
  await until(page, () => document.querySelector('.heading .count')?.textContent.trim() === '4');
  await page.evaluate(() => { location.hash = '#/'; });
  await page.locator('.verdict.bad').waitFor();
  expect(asked.length === 1, `the pods were asked for ${asked.length} times: ${asked}`);

  // A list that broke off between two pages is read again, and not taken for all there is.
  let refusals = 0;
  const torn = await open('#/list/core/pods', {
    before: async p => {
      await choose(p, 'verdict-calm');
      await p.route(/\/pods\?.*limit=/, route => {
        const url = new URL(route.request().url());
        if (url.searchParams.has('continue') && refusals++ === 0) {
          return route.fulfill({ status: 500, json: { kind: 'Status', code: 500, message: 'torn' } });
        }
        url.searchParams.set('limit', '2');
        return route.continue({ url: url.href });
      });
    },
  });
  await until(torn, () => document.querySelector('.heading .count')?.textContent.trim() === '4');
  expect(refusals > 0, 'no page was refused');

  // A watch that ends as soon as it has begun has failed, and is begun again after a pause.
  const watches = /\/configmaps\?.*watch=1/;
  const brief = await open('#/list/core/configmaps', {
    before: p => p.route(watches, route => route.fulfill({ contentType: 'application/json', body: '' })),
  });
  await brief.getByText('Reconnecting').waitFor();
  await brief.unroute(watches);
  await brief.getByText('Reconnecting').waitFor({ state: 'detached' });

  // What was read for one user is not shown to the next, and what is hidden is not called well.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Token or kubeconfig').fill('guest-token');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Nothing that you may see needs attention.').waitFor();
  await page.getByText('You may not list Pods, Nodes, Deployments, Jobs, PersistentVolumeClaims.').waitFor();
  expect(await page.locator('.tile, .finding').count() === 0, 'what another user saw is still there');
}, { foreseen: /status of (403|500)/ });
