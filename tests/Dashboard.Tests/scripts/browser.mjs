// What every scenario begins with: a browser, a page that is signed in, and the API beside it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.MODULES, 'package.json'));
const { chromium } = require('playwright-core');

export const server = process.env.DASHBOARD;
const admin = process.env.TOKEN ?? 'admin-token';
// Generous, since machines are shared; what is waited for comes by itself.
const patience = 120_000;
const pause = 50;

// Whoever makes or removes a network interface of the machine (other tests, containers) has Chromium drop its connections.
const disturbance = /ERR_NETWORK_CHANGED|ERR_SOCKET_NOT_CONNECTED|ERR_CONNECTION_CLOSED|chrome-error:/;

async function goto(page, address) {
  for (;;) {
    try {
      return await page.goto(address);
    } catch (failure) {
      if (!disturbance.test(failure.message)) {
        throw failure;
      }
    }
  }
}

/** Runs a scenario; fails when it throws, and when the page told of an error that was not foreseen. */
export async function scenario(work, { foreseen = /^$/ } = {}) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
  const errors = [];
  const open = async (hash, { token = admin, width = 1300, height = 850, theme = 'light', before } = {}) => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height }, colorScheme: theme });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    page.on('console', m => { if (m.type() === 'error' && !foreseen.test(m.text()) && !disturbance.test(m.text())) errors.push(m.text()); });
    page.on('pageerror', e => errors.push(String(e)));
    if (token) {
      // A page that tells of an error of the browser's has no storage.
      await page.addInitScript(t => { if (self.origin !== 'null') { sessionStorage.setItem('orc.token', t); } }, token);
    }
    await before?.(page);
    await goto(page, `${server}/dashboard/${hash}`);
    return page;
  };
  try {
    await work(open);
  } finally {
    await browser.close();
  }
  expect(errors.length === 0, `the console told: ${errors.join('\n')}`);
  console.log('is content');
}

export function expect(truth, otherwise) {
  if (!truth) {
    throw new Error(otherwise);
  }
}

/** Until a function of the page is true: asked at every frame, so nothing is slept. */
export const until = (page, truth, argument) => page.waitForFunction(truth, argument, { timeout: patience });

/** Until the server says so, which tells nobody. */
export async function eventually(holds) {
  for (const end = Date.now() + patience; !await holds();) {
    expect(Date.now() < end, `not so in time: ${holds}`);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
}

export async function api(method, path, body, type = 'application/json', token = admin) {
  const answer = await fetch(server + path, {
    method, body: body && JSON.stringify(body), headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
  });
  const text = await answer.text();
  expect(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

/** Until a role that was just bound has reached who judges by it. */
export async function allowed(token, resourceAttributes) {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  await eventually(async () => (await api('POST', path, review, 'application/json', token)).status.allowed);
}

export const merge = (path, body) => api('PATCH', path, body, 'application/merge-patch+json');

export async function namespace(name) {
  await api('POST', '/api/v1/namespaces', { metadata: { name } });
  // Pods are refused until it has a service account.
  await eventually(async () => (await api('GET', `/api/v1/namespaces/${name}/serviceaccounts`)).items.length > 0);
  return name;
}

export const deployment = (name, replicas, image = 'registry.example/web:1') => ({
  metadata: { name },
  spec: {
    replicas, selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
  },
});
