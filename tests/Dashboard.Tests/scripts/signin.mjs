// Signing in by hand, by kubeconfig and by 'orc dashboard'; signing out; and the end of a session.
import { execFileSync } from 'node:child_process';
import { expect, scenario, server } from './browser.mjs';

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

  const address = execFileSync(process.env.ORC, ['dashboard', '--kubeconfig', process.env.ADMIN]).toString().trim();
  expect(address.startsWith(`${server}/dashboard/#token=`), `orc dashboard says ${address.split('#')[0]}`);
  const handed = await open(address.slice(`${server}/dashboard/`.length), { token: null });
  await handed.locator('.verdict').waitFor();
  expect(!handed.url().includes('token'), 'the token stays in the address');
  expect((await handed.context().cookies()).length === 0, 'there is a cookie');
  await handed.getByText('system:serviceaccount:kube-system:orc-dashboard').waitFor();

  // Its token ends, and with it the session: nobody has to be told no first.
  const later = await open(address.slice(`${server}/dashboard/`.length), { token: null, before: p => p.clock.install() });
  await later.locator('.verdict').waitFor();
  await later.clock.runFor(6_000); // by then it knows the server's time, and when its own will have come
  await later.context().setOffline(true); // or the server would say that no time has passed
  await later.clock.fastForward('25:00:00');
  await later.getByText('The session has ended: its token has expired.').waitFor();
  expect(await later.evaluate(() => sessionStorage.length) === 0, 'the token that has ended is still there');

  // A machine whose clock is wrong is signed in for as long as others, and shows the same ages.
  const ahead = await open(address.slice(`${server}/dashboard/`.length), {
    token: null, before: p => p.clock.install({ time: Date.now() + 26 * 3_600_000 }),
  });
  await ahead.locator('.verdict').waitFor();
  await ahead.clock.runFor(10_000);
  await ahead.getByRole('link', { name: 'Nodes', exact: true }).first().click();
  const node = ahead.locator('.grid-body a').first();
  await node.waitFor();
  expect(!/\b1d/.test(await node.innerText()), `a new node is ${await node.innerText()}`);
}, { foreseen: /status of 401|net::ERR_/ });
