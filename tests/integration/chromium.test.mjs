/* Chromium over h1, h2 and h3; its net log proves what carried every socket. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { closeSockets, echoAndClose, fetchInPage, openSockets } from './support/in_page.mjs';
import { LONG_TEST_MS, TEST_MS } from './support/limits.mjs';
import { binaryPayload, SIZES } from './support/payloads.mjs';
import { startServerForBrowser } from './support/server.mjs';

const CLOSED = { code: 4001, reason: 'bye', wasClean: true };
const SHOWN = { 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2', h3: 'HTTP/3' };
const ACCEPTED = { 'http/1.1': 101, h2: 200, h3: 200 };

function assertAllCarriedBy(http, sockets, count) {
  assert.equal(sockets.length, count);
  for (const socket of sockets) {
    assert.equal(socket.carrier, http, `the net log shows ${socket.url} over ${socket.carrier}`);
    assert.equal(socket.status, ACCEPTED[http]);
  }
}

function assertCleanEnds(log) {
  assert.equal(
    log.closeTimeouts,
    0,
    'WEBSOCKET_CLOSE_TIMEOUT: the stream did not end after the Close echo',
  );
  assert.equal(log.invalidFrames, 0, 'Chromium found a frame invalid');
}

for (const http of ['http/1.1', 'h2', 'h3']) {
  test(
    `Chromium echoes 0 bytes to 16 MiB, text and binary, over ${http}`,
    { timeout: LONG_TEST_MS },
    async (t) => {
      const server = await startServerForBrowser(t);
      const chromium = await openChromium(t, server, http);
      const url = `wss://${server.authority}/echo`;
      const { echoes, close } = await chromium.page.evaluate(echoAndClose, { url, sizes: SIZES });
      assert.deepEqual(
        echoes,
        SIZES.flatMap((size) => [
          { kind: 'text', size, same: true },
          { kind: 'binary', size, same: true },
        ]),
      );
      assert.deepEqual(close, CLOSED);

      const log = await chromium.finish();
      assertAllCarriedBy(http, log.sockets(url), 1);
      assertCleanEnds(log);
      const [closed] = await server.log.waitFor('ws.close', { code: 4001 });
      assert.equal(closed.http, http);
    },
  );

  test(
    `W1: Chromium opens and closes twenty sockets at once over ${http}`,
    { timeout: TEST_MS },
    async (t) => {
      const count = 20;
      const server = await startServerForBrowser(t);
      const chromium = await openChromium(t, server, http);
      const url = `wss://${server.authority}/echo`;
      const right = await chromium.page.evaluate(openSockets, { url, count, messages: 10 });
      assert.deepEqual(right, Array(count).fill(10));
      assert.deepEqual(await chromium.page.evaluate(closeSockets), Array(count).fill(CLOSED));
      const log = await chromium.finish();
      assertAllCarriedBy(http, log.sockets(url), count);
      assertCleanEnds(log);
    },
  );

  test(
    `the page at / says that ${http} carried it and its sockets`,
    { timeout: TEST_MS },
    async (t) => {
      const server = await startServerForBrowser(t);
      const { page } = await openChromium(t, server, http);
      const faults = [];
      const asked = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(server.origin, { waitUntil: 'load' });
      for (const id of ['page-http', 'socket-http']) {
        const shown = await page.waitForSelector(`[data-testid="${id}"][data-http="${http}"]`);
        assert.equal(await shown.evaluate((element) => element.textContent), SHOWN[http]);
      }
      const why = await page.$eval('[data-testid="why"]', (element) => element.textContent.trim());
      assert.ok(why.length > 0, 'the page says why it was, or was not, h3');

      await page.type('[data-testid="message"]', 'hello over any HTTP');
      await page.click('[data-testid="send"]');
      await page.waitForFunction(() =>
        document.querySelector('[data-testid="log"]').textContent.includes('hello over any HTTP'),
      );
      assert.deepEqual(faults, []);
      assert.deepEqual(
        asked.filter((url) => !url.startsWith(server.origin)),
        [],
        'no outside request',
      );
    },
  );
}

for (const http of ['h2', 'h3']) {
  test(
    `E5: twenty sockets and the fetches between them share one ${http} connection`,
    { timeout: TEST_MS },
    async (t) => {
      const count = 20;
      const file = binaryPayload(300_000);
      const server = await startServerForBrowser(t, { files: { 'file.bin': file } });
      const chromium = await openChromium(t, server, http);
      const url = `wss://${server.authority}/echo`;
      await chromium.page.evaluate(openSockets, { url, count, messages: 1 });
      const page = await chromium.page.evaluate(fetchInPage, '/');
      assert.equal(page.status, 200);
      assert.ok(page.bytes > 0);
      assert.deepEqual(await chromium.page.evaluate(fetchInPage, '/file.bin'), {
        status: 200,
        bytes: file.length,
      });
      assert.deepEqual(await chromium.page.evaluate(closeSockets), Array(count).fill(CLOSED));

      const closed = await server.log.waitFor('ws.close', { http, code: 4001 }, count);
      assert.equal(
        new Set(closed.map(({ conn }) => conn)).size,
        1,
        'the server saw one connection',
      );
      const log = await chromium.finish();
      const sockets = log.sockets(url);
      assertAllCarriedBy(http, sockets, count);
      const [session, ...others] = new Set(sockets.map((socket) => socket.session));
      assert.deepEqual(others, [], 'Chromium used one session');
      for (const fetched of [`${server.origin}/file.bin`, `${server.origin}/`]) {
        const request = log.requests(fetched).find((found) => found.url === fetched);
        assert.deepEqual([request?.carrier, request?.session], [http, session], fetched);
      }
      assertCleanEnds(log);
    },
  );
}

test('N1: Chromium reaches a server on [::1] over h3', { timeout: TEST_MS }, async (t) => {
  const server = await startServerForBrowser(t, { listen: ['127.0.0.1', '::1'] });
  /* Chromium matches no address in brackets; of localhost it takes ::1 for QUIC. */
  const { port } = new URL(server.origins.find((listened) => listened.includes('[::1]')));
  const origin = `https://localhost:${port}`;
  const chromium = await openChromium(t, server, 'h3', { origin });
  const url = `${origin.replace('https:', 'wss:')}/echo`;
  const { close } = await chromium.page.evaluate(echoAndClose, { url, sizes: [1] });
  assert.deepEqual(close, CLOSED);
  const log = await chromium.finish();
  assertAllCarriedBy('h3', log.sockets(url), 1);
});
