// Every page in both themes, on a desk and on a phone: nothing sticks out, every control has a name, all text can be read.
import { api, deployment, expect, merge, namespace, scenario, until } from './browser.mjs';

/** Controls that a screen reader could not name. */
const nameless = () => [...document.querySelectorAll('button, a[href], input, select, textarea, [role=button]')]
  .filter(e => e.checkVisibility() && !e.closest('.u-legend'))
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.getAttribute('title')
    || [...(e.labels ?? [])].some(l => l.textContent.trim()) || e.placeholder))
  .map(e => e.outerHTML.slice(0, 120));

/** Text whose contrast is below what WCAG asks for (AA). */
const faint = () => {
  const parse = text => {
    const color = text.startsWith('color(srgb') ? text.match(/[\d.]+/g).map((n, i) => (i < 3 ? Number(n) * 255 : Number(n))) : (text.match(/[\d.]+/g) ?? []).map(Number);
    return [color[0] ?? 0, color[1] ?? 0, color[2] ?? 0, color[3] ?? 1];
  };
  const over = ([r, g, b, a], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const light = rgb => {
    const [r, g, b] = rgb.map(c => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      layers.push(parse(getComputedStyle(e).backgroundColor));
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const opacity = element => {
    let all = 1;
    for (let e = element; e; e = e.parentElement) {
      all *= Number(getComputedStyle(e).opacity);
    }
    return all;
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest('svg, canvas, .xterm, :disabled, .denied, .hidden')) {
      continue;
    }
    const style = getComputedStyle(element);
    const ground = behind(element);
    const [r, g, b, a] = parse(style.color);
    if (a === 0) {
      continue;
    }
    const ink = over([r, g, b, a * opacity(element)], ground);
    const [high, low] = [light(ink), light(ground)].sort((x, y) => y - x);
    const isLarge = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < (isLarge ? 3 : 4.5)) {
      found.add(`${contrast.toFixed(2)} "${walker.currentNode.data.trim().slice(0, 30)}" ${element.tagName}.${element.className}`);
    }
  }
  return [...found].slice(0, 8);
};

await scenario(async open => {
  const space = await namespace('shop');
  const core = `/api/v1/namespaces/${space}`;
  const web = deployment('web', 3, 'registry.example/shop/web:2.4.1');
  web.spec.template.spec.containers[0].ports = [{ name: 'http', containerPort: 8080 }];
  web.spec.template.spec.containers[0].resources = { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '256Mi' } };
  web.spec.template.spec.containers[0].envFrom = [{ configMapRef: { name: 'settings' } }];
  await api('POST', `${core}/configmaps`, { metadata: { name: 'settings' }, data: { LOG_LEVEL: 'info', 'shop.yaml': 'currency: EUR\nlocales: [de, en]\n' } });
  await api('POST', `${core}/secrets`, { metadata: { name: 'database' }, stringData: { password: 'swordfish' } });
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, web);
  await api('POST', `/apis/apps/v1/namespaces/${space}/deployments`, deployment('cart', 2, 'registry.example/shop/cart:1.9.0'));
  await api('POST', `${core}/services`, { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] } });
  await api('POST', `${core}/pods`, { metadata: { name: 'report-builder' }, spec: { containers: [{ name: 'main', image: 'x', resources: { requests: { cpu: '900' } } }] } });
  await api('POST', `${core}/pods`, { metadata: { name: 'mailer-0' }, spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'registry.example/shop/mailer:0.7' }] } });
  await merge(`${core}/pods/mailer-0/status`, {
    status: {
      phase: 'Running', containerStatuses: [{
        name: 'main', image: 'x', imageID: '', ready: false, restartCount: 12,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 5m0s restarting failed container=main pod=mailer-0_shop' } },
        lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: new Date(Date.now() - 600_000).toISOString(), containerID: 'containerd://1' } },
      }],
    },
  });
  await merge(`/apis/apps/v1/namespaces/${space}/deployments/web`, { spec: { template: { spec: { containers: [{ ...web.spec.template.spec.containers[0], image: 'registry.example/shop/web:2.5.0' }] } } } });
  const list = async () => (await api('GET', `${core}/pods?labelSelector=app%3Dweb`)).items;
  let pod;
  do {
    pod = (await list()).find(p => p.spec.nodeName && p.status.phase === 'Running' && p.spec.containers[0].image.endsWith('2.5.0'));
  } while (!pod);
  const own = tab => `#/object/apps/deployments/${space}/web${tab}`;
  const pages = {
    overview: ['#/', '.finding'], changes: ['#/changes', '.table'], timeline: ['#/timeline', '.axis'], logs: ['#/logs', '.heading'],
    metrics: ['#/metrics', '.heading'], create: ['#/create', '.editor'], pods: ['#/list/core/pods', '.grid-body a'],
    deployments: ['#/list/apps/deployments', '.grid-body a'], empty: ['#/list/batch/cronjobs', '.empty'],
    deployment: [own(''), '.tree a'], yaml: [own('?tab=yaml'), '.editor'], events: [own('?tab=events'), '.table'],
    'deployment-timeline': [own('?tab=timeline'), '.axis'], revisions: [own('?tab=revisions'), '.table'], history: [own('?tab=history'), '.table'],
    charts: [own('?tab=metrics'), '[role=tabpanel] > *'], pod: [`#/object/core/pods/${space}/${pod.metadata.name}`, '.facts'],
    service: [`#/object/core/services/${space}/web`, '.facts'], configmap: [`#/object/core/configmaps/${space}/settings`, '.datum'],
    secret: [`#/object/core/secrets/${space}/database`, '.datum'], node: ['#/object/core/nodes/-/hollow-node-0', '.facts'],
    namespace: [`#/object/core/namespaces/-/${space}`, '.facts'], missing: [`#/object/core/pods/${space}/none`, '.empty'],
  };
  const complaints = [];
  for (const [theme, width, height] of [['light', 1360, 850], ['dark', 1360, 850], ['light', 390, 800], ['dark', 390, 800]]) {
    const page = await open('#/', { theme, width, height });
    await page.locator('.verdict').waitFor();
    for (const [name, [hash, shown]] of Object.entries(pages)) {
      await page.evaluate(to => { location.hash = to; }, hash);
      await page.locator(shown).first().waitFor();
      await page.waitForFunction(() => !document.querySelector('.loading'));
      const where = `${name} (${theme}, ${width})`;
      // The tab that one is at may be the last of many.
      await until(page, () => {
        const { left, right } = document.querySelector('[role=tab][aria-selected=true]')?.getBoundingClientRect() ?? { left: 0, right: 0 };
        return left >= 0 && right <= innerWidth;
      });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      complaints.push(...(wide > width ? [`${where} is ${wide} wide`] : []));
      complaints.push(...(await page.evaluate(nameless)).map(e => `${where} has a control without a name: ${e}`));
      complaints.push(...(await page.evaluate(faint)).map(e => `${where} has text that is hard to read: ${e}`));
      if (process.env.PICTURES) {
        await page.screenshot({ path: `${process.env.PICTURES}/${name}-${theme}-${width}.png` });
      }
    }
    await page.evaluate(() => { location.hash = '#/changes'; });
    await page.locator('.table').waitFor();
    const times = await page.locator('.table tbody td:first-child').evaluateAll(all => all.map(td => Date.parse(td.title)));
    complaints.push(...(times.every((t, i) => i === 0 || t <= times[i - 1]) ? [] : ['recent changes are not in order']));
    if (width < 700) {
      await page.getByRole('button', { name: 'Menu' }).click();
      await page.locator('.shell.menu-open').waitFor();
      await page.keyboard.press('Escape');
      await page.locator('.shell:not(.menu-open)').waitFor();
    }
    await page.evaluate(() => { location.hash = '#/'; });
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.signin').waitFor();
    complaints.push(...(await page.evaluate(faint)).map(e => `sign-in (${theme}, ${width}) has text that is hard to read: ${e}`));
    if (process.env.PICTURES) {
      await page.screenshot({ path: `${process.env.PICTURES}/signin-${theme}-${width}.png` });
    }
  }
  expect(complaints.length === 0, complaints.join('\n'));
}, { foreseen: /status of (400|404|500|501|503)/ });
