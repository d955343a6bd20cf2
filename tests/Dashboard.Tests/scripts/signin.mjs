// Signing in by hand, by kubeconfig and by 'orc dashboard'; signing out; and the end of a session.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually, expect, scenario, server } from './browser.mjs';

/** 'orc dashboard' has a page opened that only its owner can read, and that is gone when somebody has signed in. */
async function opens(open) {
  const own = mkdtempSync(join(tmpdir(), 'orc-opens-'));
  const [browser, told] = [join(own, 'browser'), join(own, 'told')];
  // It is told of the page as any browser would be, and tells us.
  execFileSync('mkfifo', [told]);
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$*" >"${told}"\n`, { mode: 0o700 });
  const orc = promisify(execFile)(process.env.ORC, ['dashboard', '--kubeconfig', process.env.ADMIN], {
    env: { ...process.env, BROWSER: browser, XDG_RUNTIME_DIR: own },
  });
  const asked = (await promisify(execFile)('cat', [told])).stdout;
  try {
    expect(asked.startsWith(own) && !asked.includes('token'), `the browser is asked for ${asked}`);
    expect((statSync(asked).mode & 0o777) === 0o600, 'others can read the page');
    // Another invitation ends none.
    await promisify(execFile)(process.env.ORC, ['dashboard', '--url', '--kubeconfig', process.env.ADMIN]);
    const page = await open('', { token: null });
    await page.goto(`file://${asked}`);
    await page.locator('.verdict').waitFor();
    expect(!page.url().includes('token'), 'the token stays in the address');
    const { stdout } = await orc;
    expect(stdout.includes('is open, and signed in') && !stdout.includes('token'), `orc dashboard says ${stdout}`);
    expect(!existsSync(asked), 'the page is still there');
  } finally {
    rmSync(own, { recursive: true });
  }

  // Without a display there is an address, and what to do with it.
  const { DISPLAY, WAYLAND_DISPLAY, BROWSER, ...bare } = process.env;
  const { stdout, stderr } = await promisify(execFile)(process.env.ORC, ['dashboard', '--kubeconfig', process.env.ADMIN], { env: bare });
  expect(stdout.trim().startsWith(`${server}/dashboard/#token=`) && stderr.includes('Open this address'), `orc dashboard says ${stderr}`);
}

await scenario(async open => {
  const page = await open('#/', { token: null });
  const field = page.getByLabel('Token or kubeconfig');
  await field.fill('wrong');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('The server no longer takes this token.').waitFor();

  await field.fill(JSON.stringify({
    'current-context': 'c', contexts: [{ name: 'c', context: { user: 'u' } }], users: [{ name: 'u', user: { token: 'admin-token' } }],
  }, null, 2));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.locator('.verdict').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  expect(await page.evaluate(() => sessionStorage.length) === 0, 'the token is still there');

  const invite = () => execFileSync(process.env.ORC, ['dashboard', '--url', '--kubeconfig', process.env.ADMIN]).toString().trim();
  const hashOf = address => address.slice(`${server}/dashboard/`.length);
  const address = invite();
  expect(address.startsWith(`${server}/dashboard/#token=`), `orc dashboard says ${address.split('#')[0]}`);
  const handed = await open(hashOf(address), { token: null });
  await handed.locator('.verdict').waitFor();
  expect(!handed.url().includes('token'), 'the token stays in the address');
  const kept = await handed.evaluate(() => sessionStorage.getItem('orc.token'));
  expect(!address.includes(kept), 'the session is by the token of the address');
  expect((await handed.context().cookies()).length === 0, 'there is a cookie');
  await handed.getByText('system:serviceaccount:kube-system:orc-dashboard').waitFor();

  // An invitation is good once, others beside it are, and nobody else can make one: who is signed in stays it.
  const twice = await open(hashOf(address), { token: null });
  await twice.getByText('This invitation has been used, or has ended.').waitFor();
  const [first, second] = [invite(), invite()];
  await twice.goto('about:blank');
  await twice.goto(second);
  await twice.locator('.verdict').waitFor();
  const other = await open(hashOf(first), { token: null });
  await other.locator('.verdict').waitFor();
  await handed.evaluate(() => { location.hash = '#token=admin-token&hours=8'; });
  await handed.locator('.toast.bad').getByText('This is no invitation from “orc dashboard”.').waitFor();
  expect(await handed.evaluate(() => sessionStorage.getItem('orc.token')) === kept, 'an address signed somebody else in');
  const foreign = await open('#token=admin-token&hours=8', { token: null });
  await foreign.getByText('This is no invitation from “orc dashboard”.').waitFor();

  await opens(open);

  // Its token ends, and with it the session: nobody has to be told no first.
  const unanswered = new Set();
  const later = await open(hashOf(invite()), {
    token: null, before: p => {
      p.on('request', r => { if (!r.url().includes('watch=')) { unanswered.add(r); } });
      p.on('requestfinished', r => unanswered.delete(r));
      p.on('requestfailed', r => unanswered.delete(r));
      return p.clock.install();
    },
  });
  await later.locator('.verdict').waitFor();
  await later.clock.runFor(6_000); // by then it knows the server's time, and when its own will have come
  // Or the server would say that no time has passed.
  await later.context().setOffline(true);
  await eventually(() => unanswered.size === 0);
  await later.clock.fastForward('25:00:00');
  await later.getByText('The session has ended: its token has expired.').waitFor();
  expect(await later.evaluate(() => sessionStorage.length) === 0, 'the token that has ended is still there');

  // A machine whose clock is wrong is signed in for as long as others, and shows the same ages.
  const ahead = await open(hashOf(invite()), {
    token: null, before: p => p.clock.install({ time: Date.now() + 26 * 3_600_000 }),
  });
  await ahead.locator('.verdict').waitFor();
  await ahead.clock.runFor(10_000);
  await ahead.getByRole('link', { name: 'Nodes', exact: true }).first().click();
  const node = ahead.locator('.grid-body a').first();
  await node.waitFor();
  expect(!/\b1d/.test(await node.innerText()), `a new node is ${await node.innerText()}`);
}, { foreseen: /status of 401|net::ERR_/ });
