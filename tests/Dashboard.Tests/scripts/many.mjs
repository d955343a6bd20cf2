// 5,000 pods: the page holds those in sight alone, wherever one goes in the list, and what changes there changes nothing else.
import { api, expect, merge, namespace, scenario, until } from './browser.mjs';

const count = 5000;
const atOnce = 25;
// As many as a window of this height has room for, and some more above and below.
const mostRows = Math.ceil(850 / 36) + 2 * 12 + 2;
const name = i => `pod-${String(i).padStart(4, '0')}`;

await scenario(async open => {
  const space = await namespace('many');
  const pods = `/api/v1/namespaces/${space}/pods`;
  const labels = i => ({ place: i < 10 ? 'front' : 'back' });
  const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] };
  let next = 0;
  const create = async () => {
    for (let i = next++; i < count; i = next++) {
      await api('POST', pods, { metadata: { name: name(i), labels: labels(i) }, spec });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, create));
    const page = await open('#/');
    await page.getByLabel('Namespace').selectOption(space);
    await page.evaluate(() => { location.hash = '#/list/core/pods'; });
    const rows = page.locator('.grid-body a');
    const isBounded = async when => {
      const there = await rows.count();
      expect(there > 0 && there <= mostRows, `${there} rows are in the page ${when}`);
    };
    await until(page, wanted => document.querySelector('.heading .count')?.textContent.trim() === String(wanted), count);
    expect(await page.locator('.grid').getAttribute('aria-rowcount') === String(count + 1), 'the number of rows is not told');
    await isBounded('at first');

    // To the end and back, by keys and by scrolling, and to places in between.
    await page.locator('.grid').focus();
    await page.keyboard.press('End');
    await page.locator(`.grid-body a[aria-rowindex="${count + 1}"].active`).waitFor();
    await isBounded('at the end');
    await page.keyboard.press('Home');
    await page.locator('.grid-body a[aria-rowindex="2"].active').waitFor();
    for (const share of [0.25, 0.5, 0.75, 1]) {
      await page.locator('.grid').evaluate((grid, to) => { grid.scrollTop = to * (grid.scrollHeight - grid.clientHeight); }, share);
      await until(page, () => {
        const grid = document.querySelector('.grid');
        const middle = Math.floor((grid.scrollTop + grid.clientHeight / 2) / 36);
        return [...document.querySelectorAll('.grid-body a')].some(a => Number(a.getAttribute('aria-rowindex')) === middle + 1);
      });
      await isBounded(`at ${share} of the list`);
    }

    // A change of one row moves no other: it is neither made anew nor scrolled away.
    await page.locator('.grid').evaluate(grid => { grid.scrollTop = 0; });
    await page.getByRole('columnheader', { name: 'Name', exact: true }).click();
    await page.locator('.grid-body a[aria-rowindex="2"]', { hasText: name(0) }).waitFor();
    await page.evaluate(() => {
      window.rowsMoved = 0;
      new MutationObserver(all => { window.rowsMoved += all.length; }).observe(document.querySelector('.grid-body'), { childList: true });
    });
    await merge(`${pods}/${name(3)}/status`, { status: { phase: 'Failed', reason: 'Evicted' } });
    await page.locator('.grid-body a', { hasText: name(3) }).getByText('Evicted').waitFor();
    expect(await page.evaluate(() => window.rowsMoved) === 0, 'rows were made anew for one that changed');

    // Filters: by text in the page, by label in the server.
    await page.getByLabel('Filter by text').fill(name(4321));
    await page.getByText(`1 of ${count}`).waitFor();
    expect(await rows.count() === 1, 'the filter by text shows others');
    await page.getByLabel('Filter by text').fill('');
    await page.getByLabel('Filter by labels').fill('place=front');
    // What is typed stays when the list is drawn anew.
    await merge(`${pods}/${name(3)}/status`, { status: { phase: 'Failed', reason: 'Preempted' } });
    await page.locator('.grid-body a', { hasText: name(3) }).getByText('Preempted').waitFor();
    await page.keyboard.press('Enter');
    await until(page, () => document.querySelector('.heading .count')?.textContent.trim() === '10');
    expect(await rows.count() === 10, 'the filter by label shows others');
    await page.getByLabel('Filter by labels').fill('');
    await page.keyboard.press('Enter');
    await until(page, wanted => document.querySelector('.heading .count')?.textContent.trim() === String(wanted), count);
    await api('DELETE', pods);
    await page.getByText(`No Pods in ${space}.`).waitFor();
  } finally {
    // The silo is that of other scenarios, too.
    await api('DELETE', pods);
  }
});
