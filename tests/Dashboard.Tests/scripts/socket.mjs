// A browser's WebSocket shares the page's HTTP/2 connection, and its token is a subprotocol: what terminals stand on.
import { expect, scenario, server } from './browser.mjs';

await scenario(async open => {
  const page = await open('#/');
  await page.locator('.verdict').waitFor();
  const versions = await page.evaluate(() => performance.getEntriesByType('resource').map(e => e.nextHopProtocol));
  expect(versions.includes('h2'), `the page speaks ${versions}`);
  const watch = token => page.evaluate(([url, given]) => new Promise(resolve => {
    const encoded = btoa(given).replace(/=+$/, '');
    const socket = new WebSocket(url, ['watches', `base64url.bearer.authorization.k8s.io.${encoded}`]);
    socket.onmessage = event => { resolve(`${socket.protocol} ${JSON.parse(event.data).object.kind}`); socket.close(); };
    socket.onerror = () => resolve('refused');
  }), [`${server.replace('https', 'wss')}/api/v1/namespaces?watch=true`, token]);
  expect(await watch('admin-token') === 'watches Namespace', 'no event came');
  expect(await watch('wrong-token') === 'refused', 'a wrong token was taken');
}, { foreseen: /WebSocket connection/ });
