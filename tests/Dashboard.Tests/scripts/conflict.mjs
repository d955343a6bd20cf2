// Two people edit one object: who saves last is shown what the other did, and nothing of either is lost.
import { api, expect, merge, namespace, scenario, until } from './browser.mjs';

await scenario(async open => {
  const space = await namespace('conflicts');
  const path = `/api/v1/namespaces/${space}/configmaps/settings`;
  await api('POST', path.replace('/settings', ''), {
    metadata: { name: 'settings' }, data: { colour: 'blue', shape: 'round', size: 'small' },
  });
  const edit = async () => {
    const page = await open(`#/object/core/configmaps/${space}/settings?tab=yaml`);
    const area = page.getByLabel('YAML of settings');
    await area.waitFor();
    return {
      page,
      text: () => area.inputValue(),
      change: async (from, to) => area.fill((await area.inputValue()).replace(from, to)),
      review: () => page.getByRole('button', { name: 'Review changes' }).click(),
      save: async () => {
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('is saved').first().waitFor();
      },
      press: name => page.getByRole('dialog').getByRole('button', { name, exact: true }).click(),
      conflict: page.getByRole('dialog', { name: 'Somebody was faster' }),
    };
  };
  const first = await edit();
  const second = await edit();
  await first.change('colour: blue', 'colour: red');
  await second.change('size: small', 'size: large');
  await first.review();
  await first.save();

  // The second is told at once, and may go on; the server's refusal shows both changes.
  await second.page.getByText('It has been changed meanwhile.').waitFor();
  expect((await second.text()).includes('size: large'), 'what was typed is gone');
  const refused = second.page.waitForResponse(r => r.request().method() === 'PUT' && r.status() === 409);
  await second.review();
  await refused;
  await second.conflict.locator('.diff .added', { hasText: 'colour: red' }).waitFor();
  await second.conflict.locator('.diff .added', { hasText: 'size: large' }).waitFor();
  expect(await second.conflict.getByText('changed by both').count() === 0, 'nothing was changed by both');
  await second.press('Back');
  expect((await second.text()).includes('size: large'), 'going back loses what was typed');
  await second.page.getByRole('button', { name: 'See how' }).click();
  await second.press('Put mine on top of theirs');
  await second.review();
  await second.page.locator('.diff .added', { hasText: 'size: large' }).waitFor();
  expect(await second.page.locator('.diff .removed', { hasText: 'colour: red' }).count() === 0, 'theirs would be lost');
  await second.save();
  const both = (await api('GET', path)).data;
  expect(both.colour === 'red' && both.size === 'large' && both.shape === 'round', `not both: ${JSON.stringify(both)}`);

  // Where both changed the same line it is said; dropping one's own shows theirs.
  await until(first.page, () => document.querySelector('textarea')?.value.includes('size: large'));
  await first.change('shape: round', 'shape: oval');
  await merge(path, { data: { shape: 'flat' } });
  await first.page.getByText('It has been changed meanwhile.').waitFor();
  await first.review();
  await first.conflict.getByText('One place was changed by both').waitFor();
  await first.press('Put mine on top of theirs');
  expect((await first.text()).includes('shape: oval'), 'mine is not on top');
  await first.page.getByRole('button', { name: 'Discard' }).click();
  expect((await first.text()).includes('shape: flat'), 'discarding does not show what is there');
}, { foreseen: /status of 409/ });
