// The page that searches kept logs: its question, its answer, older lines, following; the store's part is played here.
import { expect, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('kept');
  const line = (i, text) => ({
    time: `2026-01-01T00:00:${String(i).padStart(2, '0')}.000000000Z`, namespace: space, pod: 'web-1', container: 'main', text, cursor: `${i}.1.${i}`,
  });
  for (const theme of ['light', 'dark']) {
    const page = await open('#/', { theme });
    const asked = [];
    let fails = true;
    let isExpired = true;
    await page.route('**/apis/logs.orc.dev/v1/**', route => {
      const url = new URL(route.request().url());
      asked.push(url);
      if (url.searchParams.get('watch')) {
        const events = [line(8, 'followed one'), line(9, 'followed two')].map(object => JSON.stringify({ type: 'ADDED', object }));
        if (fails) {
          events.push(JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 503, message: 'the store is away' } }));
        }
        return route.fulfill({ contentType: 'application/json', body: `${events.join('\n')}\n` });
      }
      if (url.searchParams.get('around')) {
        const items = [line(1, 'before it'), line(3, 'ERROR timeout after 5 s'), line(4, 'after it')];
        return route.fulfill({ json: { items, metadata: {}, search: { timedOut: false } } });
      }
      const older = url.searchParams.get('continue');
      if (older && isExpired) {
        return route.fulfill({ status: 410, json: { kind: 'Status', code: 410, message: 'what came before is gone' } });
      }
      if (url.searchParams.get('query') === 'rare') {
        return route.fulfill({ json: { items: [], metadata: { continue: '1.1.1' }, search: { timedOut: true } } });
      }
      const items = older ? [line(1, 'an older timeout')] : [line(3, 'ERROR timeout after 5 s'), line(2, 'a timeout')];
      return route.fulfill({ json: { items, metadata: older ? {} : { continue: '2.1.2' }, search: { timedOut: false } } });
    });
    await page.getByRole('link', { name: 'Logs', exact: true }).click();
    await page.getByLabel('Search all logs').fill('timeout -retry');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.locator('.log mark', { hasText: 'timeout' }).first().waitFor();
    await until(page, () => document.querySelectorAll('.log .line').length === 2);
    const shown = await page.locator('.log .line span').allInnerTexts();
    expect(shown[0] === 'a timeout', `not in the order of time: ${shown}`);
    expect(await page.locator('.log .line.bad').count() === 1, 'errors are not marked');
    expect(asked.at(-1).searchParams.get('query') === 'timeout -retry', `asked for ${asked.at(-1)}`);
    await page.getByRole('button', { name: 'Older lines' }).click();
    await page.getByRole('alert').getByText('what came before is gone').waitFor();
    isExpired = false;
    await page.getByRole('button', { name: 'Older lines' }).click();
    await until(page, () => document.querySelectorAll('.log .line').length === 3);
    if (process.env.PICTURES) {
      await page.screenshot({ path: `${process.env.PICTURES}/logs-${theme}.png` });
    }
    // Of one container, and of an hour that is over.
    const narrowed = async act => {
      const request = page.waitForRequest(r => r.url().includes('/logs.orc.dev/'));
      await act();
      return new URL((await request).url()).searchParams;
    };
    const container = page.getByLabel('Container');
    expect((await narrowed(async () => { await container.fill('main'); await container.press('Enter'); })).get('container') === 'main', 'of all containers');
    const past = await narrowed(() => page.getByLabel('Until').fill('2026-01-01T12:30'));
    expect(Date.parse(past.get('untilTime')) - Date.parse(past.get('sinceTime')) === 3_600_000 && !past.has('sinceSeconds'), `asked for ${past}`);
    await narrowed(() => page.getByLabel('Until').fill(''));
    // What stands around a line, which stands out there.
    await page.locator('.log .line.bad .moment').click();
    const around = page.getByRole('dialog', { name: /^Around / });
    await around.locator('.line.marked', { hasText: 'timeout after 5 s' }).waitFor();
    await around.getByText('after it', { exact: true }).waitFor();
    expect(asked.at(-1).searchParams.get('around') === '3.1.3', `asked for ${asked.at(-1)}`);
    const more = page.waitForRequest(r => r.url().includes('context=40'));
    await around.getByRole('button', { name: 'More lines' }).click();
    await more;
    await page.keyboard.press('Escape');
    await around.waitFor({ state: 'detached' });
    await page.getByLabel('Follow').check();
    // What was told stays, and that no more is told is said: with a reason, or for want of one.
    await page.locator('.log .line', { hasText: 'followed two' }).waitFor();
    await page.getByRole('alert').getByText('the store is away').waitFor();
    fails = false;
    await page.getByLabel('Follow').uncheck();
    await page.locator('.log .line', { hasText: 'a timeout' }).waitFor();
    expect(await page.getByRole('alert').count() === 0, 'what failed before is told of another search');
    await page.getByLabel('Follow').check();
    await page.getByRole('alert').getByText('the connection has ended').waitFor();
    await page.locator('.log .line', { hasText: 'followed two' }).waitFor();

    // A search that had no time for everything has found nothing so far, and goes on.
    await page.getByLabel('Follow').uncheck();
    await page.getByLabel('Search all logs').fill('rare');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('No line has that so far').waitFor();
    await page.getByRole('button', { name: 'Older lines' }).waitFor();
  }
}, { foreseen: /status of 410/ });
