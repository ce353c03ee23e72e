/* permessage-deflate (RFC 7692) with clients that others wrote, on each HTTP version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { openChromium } from './support/chromium.mjs';
import { openFirefox } from './support/firefox.mjs';
import { encodeFrame, TEXT } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { echoAndClose } from './support/in_page.mjs';
import { BIG_MESSAGE_MS, LONG_TEST_MS, TEST_MS } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { binaryPayload, MIB, SIZES, textPayload } from './support/payloads.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

const OFFER = { perMessageDeflate: { threshold: 0 } };
const EXTENSION = 'sec-websocket-extensions';

async function echo(socket, message, binary) {
  socket.send(message, { binary });
  const { data, isBinary } = await nextMessage(socket, BIG_MESSAGE_MS);
  assert.equal(isBinary, binary);
  assert.ok(message.equals(data), `${message.length} bytes, ${binary ? 'binary' : 'text'}`);
}

/* Bytes that |step| made the server send, TLS included. */
async function bytesReceived(socket, step) {
  const before = socket._socket.bytesRead;
  await step();
  return socket._socket.bytesRead - before;
}

for (const mode of ['shared', 'dedicated']) {
  for (const path of ['/echo', '/stream']) {
    test(
      `W3: npm ws and ${path} compress with --deflate ${mode}, 0 bytes to 16 MiB`,
      { timeout: LONG_TEST_MS },
      async (t) => {
        const server = await startServer(t, { args: ['--deflate', mode] });
        const socket = await openWs(t, server, path, OFFER);
        assert.match(socket.extensions, /^permessage-deflate/);
        for (const size of [...SIZES, 63, 64, 65, 4096, 100_000]) {
          await echo(socket, Buffer.from(textPayload(size)), false);
          await echo(socket, binaryPayload(size), true);
        }
        const received = await bytesReceived(socket, () =>
          echo(socket, Buffer.from(textPayload(MIB)), false),
        );
        /* Pieces of a stream are compressed by a compressor that waits for the next one. */
        if (path === '/echo' || mode === 'dedicated') {
          assert.ok(received < MIB / 10, `${received} bytes for a text of 1 MiB`);
        }
        socket.close(1000);
        assert.equal((await nextClose(socket)).code, 1000);
        const [opened] = await server.log.waitFor('ws.open', { path });
        assert.equal(opened.deflate, mode);
      },
    );
  }
}

test(
  'W3: a dedicated compressor remembers: the second message is smaller than with a shared one',
  { timeout: TEST_MS },
  async (t) => {
    const received = {};
    const message = binaryPayload(2000); /* nothing to gain within it */
    for (const mode of ['shared', 'dedicated']) {
      const server = await startServer(t, { args: ['--deflate', mode] });
      const socket = await openWs(t, server, '/echo', OFFER);
      await echo(socket, message, true);
      received[mode] = await bytesReceived(socket, () => echo(socket, message, true));
    }
    assert.ok(received.dedicated < received.shared / 4, JSON.stringify(received));
  },
);

test('W3: a room compresses for those who asked for it', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ['--deflate', 'shared'] });
  const compressing = await openWs(t, server, '/rooms/mixed', OFFER);
  const plain = await openWs(t, server, '/rooms/mixed');
  const text = textPayload(60_000);
  await nextMessage(plain); /* welcome */
  await nextMessage(compressing);
  await nextMessage(compressing); /* join */
  const sizes = {};
  for (const [name, socket] of [
    ['compressing', compressing],
    ['plain', plain],
  ]) {
    sizes[name] = await bytesReceived(socket, async () => {
      plain.send(text);
      assert.ok(JSON.parse((await nextMessage(plain)).data).text === text);
      assert.ok(JSON.parse((await nextMessage(compressing)).data).text === text);
    });
  }
  assert.ok(sizes.plain > 60_000 && sizes.compressing < 10_000, JSON.stringify(sizes));
});

test('without --deflate an offer is not taken up', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t);
  const socket = await openWs(t, server, '/echo', OFFER);
  assert.equal(socket.extensions, '');
  await echo(socket, Buffer.from(textPayload(4096)), false);
  const connection = await connectHttp2(t, server);
  const { status, headers } = await connection.connect('/echo', {
    [EXTENSION]: 'permessage-deflate; client_max_window_bits',
  });
  assert.equal(status, 200);
  assert.equal(headers[EXTENSION], undefined);
});

test(
  'W3: over HTTP/2 a compressed message is read, and a short answer goes uncompressed',
  { timeout: TEST_MS },
  async (t) => {
    const args = ['--deflate', 'shared', '--deflate-least', '100'];
    const server = await startServer(t, { args });
    const connection = await connectHttp2(t, server);
    const peer = await connection.openSocket('/echo', { [EXTENSION]: 'permessage-deflate' });
    assert.match(peer.headers[EXTENSION], /^permessage-deflate/);
    const hello = zlib.deflateRawSync('hello hello', { finishFlush: zlib.constants.Z_SYNC_FLUSH });
    peer.write(encodeFrame(TEXT, hello.subarray(0, -4), { rsv: 4 }));
    const thing = await peer.next();
    assert.equal(thing.payload?.toString(), 'hello hello');
    await peer.close(1000);
  },
);

/* In the page: what Chromium and the server agreed on. */
function agreedExtensions(url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.onopen = () => {
      resolve(socket.extensions);
      socket.close(1000);
    };
    socket.onerror = () => reject(new Error('the socket did not open'));
  });
}

for (const http of ['http/1.1', 'h2', 'h3']) {
  test(
    `W3: what Chromium offers by default is taken over ${http}, and all comes back`,
    { timeout: LONG_TEST_MS },
    async (t) => {
      for (const mode of ['shared', 'dedicated']) {
        const server = await startServerForBrowser(t, { args: ['--deflate', mode] });
        const chromium = await openChromium(t, server, http);
        const url = `wss://${server.authority}/echo`;
        const agreed = await chromium.page.evaluate(agreedExtensions, url);
        assert.match(agreed, /^permessage-deflate/);
        const { echoes, close } = await chromium.page.evaluate(echoAndClose, { url, sizes: SIZES });
        assert.equal(echoes.length, 2 * SIZES.length);
        assert.ok(
          echoes.every(({ same }) => same),
          JSON.stringify(echoes),
        );
        assert.deepEqual(close, { code: 4001, reason: 'bye', wasClean: true });
        const log = await chromium.finish();
        assert.equal(log.invalidFrames, 0, 'Chromium found a frame invalid');
        const opened = await server.log.waitFor('ws.open', { http, path: '/echo' }, 2);
        assert.deepEqual(
          opened.map(({ deflate }) => deflate),
          [mode, mode],
        );
      }
    },
  );
}

for (const http of ['http/1.1', 'h2']) {
  test(
    `W3: what Firefox offers by default is taken over ${http}, and all comes back`,
    { timeout: LONG_TEST_MS },
    async (t) => {
      const sizes = SIZES.filter((size) => size <= MIB);
      for (const mode of ['shared', 'dedicated']) {
        const server = await startServerForBrowser(t, { args: ['--deflate', mode] });
        const firefox = await openFirefox(t, server, http, { log: false });
        const url = `wss://${server.authority}/echo`;
        assert.match(await firefox.page.evaluate(agreedExtensions, url), /^permessage-deflate/);
        const { echoes, close } = await firefox.page.evaluate(echoAndClose, { url, sizes });
        assert.equal(echoes.length, 2 * sizes.length);
        assert.ok(
          echoes.every(({ same }) => same),
          JSON.stringify(echoes),
        );
        assert.deepEqual(close, { code: 4001, reason: 'bye', wasClean: true });
        const opened = await server.log.waitFor('ws.open', { http, path: '/echo' }, 2);
        assert.deepEqual(
          opened.map(({ deflate }) => deflate),
          [mode, mode],
        );
      }
    },
  );
}
