// How soon the page is of use, with an empty cache each time: its first picture, the verdict on the cluster, the first row of a list of
// pods. A measurement, which fails only when nothing comes; `./orc bench dashboard` runs it on a machine that does nothing else.
import { api, expect, namespace, scenario, until } from './browser.mjs';

const rounds = Number(process.env.ROUNDS ?? 2);
const count = Number(process.env.PODS ?? 50);
const atOnce = 25;

/** Marks the first frame in which something can be seen. */
const markUse = selector => {
  const look = () => {
    const found = document.querySelector(selector);
    if (found?.checkVisibility()) {
      performance.mark('of use', { detail: found.textContent });
    } else {
      requestAnimationFrame(look);
    }
  };
  requestAnimationFrame(look);
};

const read = () => ({
  picture: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  use: performance.getEntriesByName('of use')[0].startTime,
  text: performance.getEntriesByName('of use')[0].detail,
  bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .filter(e => new URL(e.name).pathname.startsWith('/dashboard/')).reduce((sum, e) => sum + e.encodedBodySize, 0),
});

const told = (all, unit, digits = 0) => {
  const [least, median, most] = [0, all.length >> 1, all.length - 1].map(i => all.toSorted((a, b) => a - b)[i].toFixed(digits));
  return `${median} ${unit} (${least} to ${most})`;
};

await scenario(async open => {
  const space = await namespace('painted');
  const pods = `/api/v1/namespaces/${space}/pods`;
  let next = 0;
  const create = async () => {
    while (next < count) {
      await api('POST', pods, { metadata: { name: `pod-${next++}` }, spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] } });
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, create));
    for (const [title, hash, selector] of [['overview', '#/', '.verdict'], [`list of ${count} pods`, '#/list/core/pods', '.grid-body a']]) {
      const found = [];
      for (let i = 0; i < rounds; i++) {
        const page = await open(hash, { before: p => p.addInitScript(markUse, selector) });
        await until(page, () => performance.getEntriesByName('of use').length > 0
          && performance.getEntriesByName('first-contentful-paint').length > 0);
        found.push(await page.evaluate(read));
        await page.context().close();
      }
      expect(found.every(f => f.use > 0 && f.picture > 0 && f.bytes > 0), `nothing was measured: ${JSON.stringify(found)}`);
      // Pods that wait are no good news: who says so at first is quick with something untrue.
      expect(found.every(f => !f.text.includes('All is well')), 'the first verdict was not true');
      console.log(`${title}: first picture ${told(found.map(f => f.picture), 'ms')}, of use ${told(found.map(f => f.use), 'ms')}, `
        + `${told(found.map(f => f.bytes / 1000), 'kB', 1)} of files; ${rounds} rounds`);
    }
  } finally {
    // The silo is that of other scenarios, too.
    await api('DELETE', pods);
  }
});
