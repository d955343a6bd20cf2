// Somebody who may do nothing sees that, in the server's words, and no buttons.
import { allowed, api, expect, merge, namespace, scenario } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('closed');
  await api('POST', `/api/v1/namespaces/${space}/configmaps`, { metadata: { name: 'open' }, data: { a: 'b' } });
  const page = await open('#/list/core/pods', { token: 'guest-token' });
  await page.getByText('User "guest" cannot list resource "pods"').waitFor();
  await page.locator('.side a.denied').first().waitFor();
  expect(await page.getByRole('link', { name: 'Create from YAML' }).count() === 0, 'who may make nothing is offered to');
  await page.evaluate(to => { location.hash = to; }, `#/object/core/configmaps/${space}/open`);
  await page.getByText('User "guest" cannot').waitFor();
  expect(await page.locator('.actions button').count() === 0, 'there are buttons');

  // What a role grants is there, and nothing more.
  const role = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] };
  await api('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/roles`, { metadata: { name: 'reader' }, rules: [role] });
  await api('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/rolebindings`, {
    metadata: { name: 'reader' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'guest' }],
  });
  await allowed('guest-token', { verb: 'list', resource: 'configmaps', namespace: space, name: 'open' });
  const reader = await open(`#/object/core/configmaps/${space}/open?tab=yaml`, { token: 'guest-token' });
  await reader.getByText('You may look, not change.').waitFor();
  expect(await reader.locator('.actions button').count() === 0, 'a reader has buttons');

  // Who may get one object, and not list or watch its kind, reads it by its address.
  const secret = { apiGroups: [''], resources: ['secrets'], resourceNames: ['mine', 'none'], verbs: ['get', 'patch'] };
  await api('POST', `/api/v1/namespaces/${space}/secrets`, { metadata: { name: 'mine' }, stringData: { word: 'before' } });
  await api('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/roles`, { metadata: { name: 'owner' }, rules: [secret] });
  await api('POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${space}/rolebindings`, {
    metadata: { name: 'owner' }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'owner' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'guest' }],
  });
  await allowed('guest-token', { verb: 'get', resource: 'secrets', namespace: space, name: 'mine' });
  const owner = await open(`#/object/core/secrets/${space}/mine`, { token: 'guest-token' });
  await owner.getByText('You may read this, but not follow it').waitFor();
  await owner.locator('.datum', { hasText: 'word' }).waitFor();
  await merge(`/api/v1/namespaces/${space}/secrets/mine`, { stringData: { another: 'word' } });
  await owner.getByRole('button', { name: 'Read again' }).click();
  await owner.locator('.datum', { hasText: 'another' }).waitFor();
  await owner.evaluate(to => { location.hash = to; }, `#/object/core/secrets/${space}/none`);
  await owner.getByText('There is no Secret none').waitFor();
  await owner.evaluate(to => { location.hash = to; }, `#/object/core/secrets/${space}/other`);
  await owner.getByText('User "guest" cannot get resource "secrets"').waitFor();

  // A server that could not be asked has refused nothing: whoever comes back finds the buttons.
  const reviews = '**/selfsubjectaccessreviews';
  const show = hash => asked.evaluate(to => { location.hash = to; }, hash);
  const asked = await open('#/');
  await asked.locator('.verdict').waitFor();
  await asked.route(reviews, route => route.fulfill({ status: 503, json: { kind: 'Status', code: 503, message: 'no time' } }));
  const refused = asked.waitForResponse(answer => answer.status() === 503);
  await show(`#/object/core/configmaps/${space}/open`);
  await asked.getByRole('heading', { name: 'open', exact: true }).waitFor();
  await refused;
  await asked.unroute(reviews);
  await show('#/');
  await asked.locator('.verdict').waitFor();
  await show(`#/object/core/configmaps/${space}/open`);
  await asked.getByRole('button', { name: 'Delete' }).waitFor();
}, { foreseen: /status of (403|404|503)/ });
