/*
 * Firefox over h1 and h2, the carrier proven by MOZ_LOG. (It has no WebSocket over
 * h3.)
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { openFirefox } from './support/firefox.mjs';
import { closeSockets, echoAndClose, openSockets } from './support/in_page.mjs';
import { LONG_TEST_MS, TEST_MS } from './support/limits.mjs';
import { MIB, SIZES } from './support/payloads.mjs';
import { startServerForBrowser } from './support/server.mjs';

const CLOSED = { code: 4001, reason: 'bye', wasClean: true };

function assertEchoed({ echoes, close }, sizes) {
  const expected = sizes.flatMap((size) =>
    ['text', 'binary'].map((kind) => ({ kind, size, same: true })),
  );
  assert.deepEqual(echoes, expected);
  assert.deepEqual(close, CLOSED);
}

for (const http of ['http/1.1', 'h2']) {
  const small = SIZES.filter((size) => size <= MIB);
  test(
    `Firefox echoes 0 bytes to 1 MiB and closes over ${http}, proven by MOZ_LOG`,
    { timeout: TEST_MS },
    async (t) => {
      const server = await startServerForBrowser(t);
      const firefox = await openFirefox(t, server, http);
      const result = await firefox.page.evaluate(echoAndClose, {
        url: `wss://${server.authority}/echo`,
        sizes: small,
      });
      assertEchoed(result, small);

      const opened = server.log.records('ws.open');
      assert.ok(
        opened.every((socket) => socket.http === http),
        JSON.stringify(opened),
      );
      const log = await firefox.finish();
      if (http === 'h2') {
        assert.equal(log.h1Upgrades, 0);
        assert.equal(log.h2Protocols, opened.length);
        assert.equal(log.h2Streams.length, opened.length);
      } else {
        assert.equal(log.h1Upgrades, opened.length);
        assert.equal(log.h2Streams.length, 0);
      }
    },
  );

  test(`Firefox echoes 16 MiB over ${http}`, { timeout: LONG_TEST_MS }, async (t) => {
    const server = await startServerForBrowser(t);
    const firefox = await openFirefox(t, server, http, { log: false });
    const result = await firefox.page.evaluate(echoAndClose, {
      url: `wss://${server.authority}/echo`,
      sizes: [16 * MIB],
    });
    assertEchoed(result, [16 * MIB]);
    const [close] = await server.log.waitFor('ws.close', { code: 4001 });
    assert.equal(close.http, http);
  });
}

test('E5: twenty sockets of Firefox share one h2 connection', { timeout: TEST_MS }, async (t) => {
  const count = 20;
  const server = await startServerForBrowser(t);
  const firefox = await openFirefox(t, server, 'h2');
  const url = `wss://${server.authority}/echo`;
  const right = await firefox.page.evaluate(openSockets, { url, count, messages: 5 });
  assert.deepEqual(right, Array(count).fill(5));
  assert.deepEqual(await firefox.page.evaluate(closeSockets), Array(count).fill(CLOSED));

  const closed = await server.log.waitFor('ws.close', { code: 4001, http: 'h2' }, count);
  assert.equal(new Set(closed.map(({ conn }) => conn)).size, 1, 'the server saw one connection');
  const { h2Streams } = await firefox.finish();
  assert.ok(h2Streams.length >= count);
  assert.equal(
    new Set(h2Streams.map(({ session }) => session)).size,
    1,
    'Firefox used one session',
  );
});
