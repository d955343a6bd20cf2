// Signing in with an issuer: code and verifier, state and nonce; what does not belong together signs nobody in.
import { api, expect, scenario, server } from './browser.mjs';

await scenario(async open => {
  await api('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'people' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'people:jane' }],
  });
  const page = await open('#/list/core/nodes', { token: null });
  await page.getByRole('button', { name: /Sign in with .*\/people$/ }).click();
  await page.getByText('people:jane').waitFor();
  await page.getByRole('heading', { name: 'Nodes' }).waitFor();
  expect(page.url() === `${server}/dashboard/#/list/core/nodes`, `the address keeps what the issuer said: ${page.url()}`);
  const kept = await page.evaluate(() => Object.keys(sessionStorage));
  expect(kept.length === 1 && kept[0] === 'orc.token', `kept: ${kept}`);
  const policy = (await page.context().request.get(`${server}/dashboard/`)).headers()['content-security-policy'];
  const allowed = /connect-src ([^;]*)/.exec(policy)[1].split(' ');
  expect(allowed.length === 2 && allowed[0] === "'self'" && /^https:\/\/[^/]+$/.test(allowed[1]), `the page may speak to ${allowed}`);

  // The answer of one sign-in is good for no other, and none that was not begun here is taken.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: /\/forger$/ }).click();
  await page.getByRole('alert').getByText('is not for this sign-in').waitFor();
  await page.getByRole('button', { name: /\/refuser$/ }).click();
  await page.getByRole('alert').getByText('The issuer refused: Not today.').waitFor();
  const led = await open('?code=stolen&state=invented#/', { token: null });
  await led.getByRole('alert').getByText('belongs to no sign-in that was begun here').waitFor();
  expect(!led.url().includes('stolen'), 'the code stays in the address');
  expect(await led.evaluate(() => sessionStorage.length) === 0, 'something is kept');
});
