// A container's files, and through a debugging container those of the one that it stands beside; the node's part is played here.
import { api, expect, merge, namespace, scenario, until } from './browser.mjs';

const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
const status = name => ({ name, image: 'x', imageID: '', ready: true, restartCount: 0, state: running });

const folders = {
  '/': 'directory|4096|1767225600|etc\nregular file|12|1767225600|hello.txt\nregular file|3|1767225600|blob\ncharacter special file|0|1767225600|null\n',
  '/etc': 'regular file|20|1767225600|a|b\n',
  '/proc/1/root/': 'regular file|7|1767225600|beside.txt\n',
};
const contents = { '/hello.txt': 'hello, world', '/blob': '\x00\x01\x02', '/proc/1/root/beside.txt': 'beside!' };

await scenario(async open => {
  const space = await namespace('files');
  const pods = `/api/v1/namespaces/${space}/pods`;
  await api('POST', pods, { metadata: { name: 'lonely' }, spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x' }] } });
  await merge(`${pods}/lonely/status`, { status: { phase: 'Running', containerStatuses: [status('main')] } });
  await api('PATCH', `${pods}/lonely/ephemeralcontainers`, {
    spec: { ephemeralContainers: [{ name: 'debugger', image: 'tools', targetContainerName: 'main' }] },
  }, 'application/strategic-merge-patch+json');
  await merge(`${pods}/lonely/status`, { status: { ephemeralContainerStatuses: [status('debugger')] } });
  const page = await open('#/');
  await page.routeWebSocket('**/exec?*', socket => {
    const command = new URL(socket.url()).searchParams.getAll('command');
    const path = command.at(-1);
    const said = command[0] === 'cat' ? contents[path] : folders[path];
    const frames = said === undefined
      ? [Buffer.from(`\x02sh: cd: can't cd to ${path}`), Buffer.from('\x03{"status":"Failure","message":"exit code 1"}')]
      : [Buffer.concat([Buffer.from([1]), Buffer.from(said)]), Buffer.from('\x03{"status":"Success"}')];
    frames.forEach(f => socket.send(f));
    setTimeout(() => socket.close({ code: 1000 }), 0);
  });
  await page.evaluate(to => { location.hash = to; }, `#/object/core/pods/${space}/lonely?tab=files`);
  const list = page.getByRole('table', { name: 'Files' });
  await list.getByRole('button', { name: 'etc/' }).waitFor();
  expect((await list.locator('tbody button').allInnerTexts()).join() === 'etc/,blob,hello.txt,null', 'folders do not come first');
  expect(await list.getByRole('button', { name: 'null' }).isDisabled(), 'a device can be opened');
  await list.getByRole('button', { name: 'hello.txt' }).click();
  await page.locator('.file', { hasText: 'hello, world' }).waitFor();
  await list.getByRole('button', { name: 'blob' }).click();
  await page.getByText('This is no text.').waitFor();
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save' }).click()]);
  expect(saved.suggestedFilename() === 'blob', `saved as ${saved.suggestedFilename()}`);
  await list.getByRole('button', { name: 'etc/' }).click();
  await list.getByRole('button', { name: 'a|b' }).waitFor();
  expect(page.url().includes('path=%2Fetc'), 'the folder is not in the address');
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('button', { name: 'root' }).click();
  await list.getByRole('button', { name: 'hello.txt' }).waitFor();
  await page.getByRole('combobox', { name: 'Container' }).selectOption({ label: 'main, through debugger' });
  await list.getByRole('button', { name: 'beside.txt' }).click();
  await page.locator('.file', { hasText: 'beside!' }).waitFor();
  await page.evaluate(to => { location.hash = to; }, `#/object/core/pods/${space}/lonely?tab=files&path=%2Fnowhere`);
  await page.getByRole('alert').getByText("can't cd to /nowhere").waitFor();
  await until(page, () => document.querySelector('[role=tab][aria-selected=true]')?.textContent === 'Files');
});
