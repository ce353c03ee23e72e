/* E10: a browser whose first packet is answered by a Retry, over HTTP/3. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { closeSockets, openSockets } from './support/in_page.mjs';
import { TEST_MS } from './support/limits.mjs';
import { startServerForBrowser } from './support/server.mjs';

test(
  'E10: Chromium proves its address and opens sockets over h3',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { args: ['--max-half-open', '0'] });
    const chromium = await openChromium(t, server, 'h3');
    const url = `wss://${server.authority}/echo`;
    const right = await chromium.page.evaluate(openSockets, { url, count: 5, messages: 10 });
    assert.deepEqual(right, Array(5).fill(10));
    await chromium.page.evaluate(closeSockets);
    const log = await chromium.finish();
    assert.equal(log.sockets(url).length, 5);
    assert.ok(log.sockets(url).every((socket) => socket.carrier === 'h3'));
    const [retry] = await server.log.waitFor('quic.retry', {});
    assert.ok(Number(retry.retries) >= 1);
  },
);
