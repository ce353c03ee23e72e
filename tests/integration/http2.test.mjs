/* E1, E2, E5, E7: WebSockets over HTTP/2 by node:http2. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import http2 from 'node:http2';
import { connectHttp2 } from './support/http2_client.mjs';
import {
  BINARY,
  encodeClose,
  encodeFragments,
  encodeFrame,
  PING,
  TEXT,
} from './support/frames.mjs';
import { BIG_MESSAGE_MS, TEST_MS } from './support/limits.mjs';
import { binaryPayload, MIB, SIZES, textPayload } from './support/payloads.mjs';
import { startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

async function assertEchoes(peer, sizes, options = {}) {
  for (const size of sizes) {
    for (const opcode of [TEXT, BINARY]) {
      const payload = opcode === TEXT ? Buffer.from(textPayload(size)) : binaryPayload(size);
      const echo = await peer.echo(opcode, payload, { timeoutMs: BIG_MESSAGE_MS, ...options });
      assert.equal(
        echo.type,
        'message',
        `${echo.type} ${echo.code ?? ''} instead of ${size} bytes`,
      );
      assert.equal(echo.opcode, opcode, `the type of ${size} bytes`);
      assert.ok(payload.equals(echo.payload), `${size} bytes`);
    }
  }
}

async function assertCloses(peer, code, reason) {
  const { close, end } = await peer.close(code, reason);
  assert.deepEqual(close, { type: 'close', code, reason });
  assert.equal(end.type, 'end', 'the stream ends after the Close echo');
}

test('E1: the first SETTINGS enable extended CONNECT', { timeout: TEST_MS }, async (t) => {
  const { session } = await connectHttp2(t, server);
  assert.equal(session.remoteSettings.enableConnectProtocol, true);
  assert.equal(session.alpnProtocol, 'h2');
});

for (const [how, fragments] of [
  ['whole', 1],
  ['in fragments', 5],
]) {
  test(
    `node:http2 echoes 0 bytes to 16 MiB, text and binary, ${how}`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectHttp2(t, server);
      const peer = await connection.openSocket();
      await assertEchoes(peer, SIZES, { fragments });
      await assertCloses(peer, 4001, 'bye');
    },
  );
}

test(
  'fifty sockets of node:http2 on one connection, with requests between',
  { timeout: TEST_MS },
  async (t) => {
    const count = 50;
    const connection = await connectHttp2(t, server);
    const peers = await Promise.all(Array.from({ length: count }, () => connection.openSocket()));
    const small = SIZES.filter((size) => size <= 65536);
    const [page] = await Promise.all([
      connection.fetch('/'),
      ...peers.map((peer, index) => assertEchoes(peer, small, { fragments: 1 + (index % 4) })),
    ]);
    assert.equal(page.status, 200);
    assert.match(page.body.toString(), /<html|<!doctype html/i);
    await Promise.all(peers.slice(0, 8).map((peer) => assertEchoes(peer, [MIB])));
    assert.equal((await connection.fetch('/')).status, 200);
    await Promise.all(
      peers.map((peer, index) => assertCloses(peer, 4100 + index, `socket ${index}`)),
    );

    const closed = await Promise.all(
      peers.map((_, index) => server.log.waitFor('ws.close', { http: 'h2', code: 4100 + index })),
    );
    assert.equal(new Set(closed.map(([{ conn }]) => conn)).size, 1);
    assert.equal(connection.goaway, undefined);
  },
);

test(
  'W1: a ping between fragments over h2 gets its pong before the message',
  { timeout: TEST_MS },
  async (t) => {
    const peer = await (await connectHttp2(t, server)).openSocket();
    peer.send(TEXT, 'frag', { fin: false });
    peer.send(PING, 'are you there');
    const pong = await peer.next();
    assert.equal(pong.type, 'pong');
    assert.equal(pong.payload.toString(), 'are you there');
    peer.send(0, 'ments');
    assert.equal((await peer.next()).payload.toString(), 'fragments');
  },
);

test(
  '/hello greets with connection and stream, then echoes',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const peers = [await connection.openSocket('/hello'), await connection.openSocket('/hello')];
    const greetings = await Promise.all(
      peers.map(async (peer) => JSON.parse((await peer.next()).payload)),
    );
    assert.deepEqual(
      greetings.map(({ http }) => http),
      ['h2', 'h2'],
    );
    assert.equal(greetings[0].conn, greetings[1].conn);
    assert.deepEqual(
      greetings.map(({ stream }) => stream),
      peers.map(({ stream }) => stream.id),
    );
    await assertEchoes(peers[0], [125]);
  },
);

test(
  'E5: a socket that does not read stalls no other, and loses nothing',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const stalled = await connection.openSocket();
    const siblings = await Promise.all(Array.from({ length: 5 }, () => connection.openSocket()));
    const messages = 32;
    const payload = binaryPayload(128 * 1024);
    stalled.stream.pause();
    for (let i = 0; i < messages; i += 1) {
      stalled.send(BINARY, payload);
    }
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(siblings.map((peer) => assertEchoes(peer, [65535, 65536])));
      assert.equal((await connection.fetch('/')).status, 200);
    }
    assert.ok(stalled.pending < messages, 'the socket was stalled indeed');
    stalled.stream.resume();
    for (let i = 0; i < messages; i += 1) {
      const echo = await stalled.next(BIG_MESSAGE_MS);
      assert.equal(echo.type, 'message');
      assert.ok(payload.equals(echo.payload));
    }
    await assertCloses(stalled, 1000, '');
  },
);

test(
  'E7: RST_STREAM ends one socket with 1006 and leaves the others',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const [reset, sibling] = [await connection.openSocket(), await connection.openSocket()];
    const opened = server.log.records('ws.open', { http: 'h2', stream: reset.stream.id }).at(-1);
    reset.write(encodeFrame(TEXT, Buffer.from('half a mess'), { fin: false }));
    reset.stream.close(http2.constants.NGHTTP2_CANCEL);
    const [closed] = await server.log.waitFor('ws.close', { id: opened.id });
    assert.equal(closed.code, '1006');
    await assertEchoes(sibling, [65536]);
  },
);

test(
  'E7: END_STREAM without a Close frame is 1006, and the server ends its side',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const [ended, sibling] = [await connection.openSocket(), await connection.openSocket()];
    const opened = server.log.records('ws.open', { http: 'h2', stream: ended.stream.id }).at(-1);
    ended.stream.end();
    const last = await ended.next();
    assert.ok(['end', 'reset'].includes(last.type), `${last.type} came after END_STREAM`);
    const [closed] = await server.log.waitFor('ws.close', { id: opened.id });
    assert.equal(closed.code, '1006');
    await assertEchoes(sibling, [65536]);
  },
);

test(
  'E7: END_STREAM in the same DATA as the Close frame is a clean close',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const peer = await connection.openSocket();
    peer.stream.end(encodeClose(4002, 'with the end'));
    assert.deepEqual(await peer.next(), { type: 'close', code: 4002, reason: 'with the end' });
    assert.equal((await peer.next()).type, 'end');
    await server.log.waitFor('ws.close', { http: 'h2', code: 4002 });
  },
);

test(
  'W1: frames that arrive a byte at a time are the same message',
  { timeout: TEST_MS },
  async (t) => {
    const peer = await (await connectHttp2(t, server)).openSocket();
    for (const byte of encodeFragments(TEXT, Buffer.from('ein Zeichen: 𝄞'), 3)) {
      peer.write(Buffer.from([byte]));
    }
    assert.equal((await peer.next()).payload.toString(), 'ein Zeichen: 𝄞');
  },
);

test(
  'E2: 200 without Sec-WebSocket-Accept, a key is ignored, the scheme http is tolerated',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    for (const fields of [
      {},
      { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
      { ':scheme': 'http' },
    ]) {
      const { status, headers, stream } = await connection.connect('/echo', fields);
      assert.equal(status, 200);
      assert.equal(headers['sec-websocket-accept'], undefined);
      stream.close();
    }
  },
);

for (const version of ['12', '7', undefined]) {
  test(
    `E2: sec-websocket-version ${version ?? 'missing'} gets 400 and the version 13`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectHttp2(t, server);
      const { status, headers } = await connection.connect('/echo', {
        'sec-websocket-version': version,
      });
      assert.equal(status, 400);
      assert.equal(headers['sec-websocket-version'], '13');
      await assertEchoes(await connection.openSocket(), [1]);
    },
  );
}

for (const protocol of ['connect-udp', 'webtransport', 'WebSocket2']) {
  test(`E3: :protocol ${protocol} gets 501`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectHttp2(t, server);
    assert.equal((await connection.connect('/echo', { ':protocol': protocol })).status, 501);
    await assertEchoes(await connection.openSocket(), [1]);
  });
}

test('N3: :protocol h2c is refused', { timeout: TEST_MS }, async (t) => {
  const connection = await connectHttp2(t, server);
  assert.equal((await connection.connect('/echo', { ':protocol': 'h2c' })).status, 501);
  await assertEchoes(await connection.openSocket(), [1]);
});

test('E3: CONNECT without :protocol gets 501', { timeout: TEST_MS }, async (t) => {
  const connection = await connectHttp2(t, server);
  const { status } = await connection.request(
    { ':method': 'CONNECT', ':authority': 'example.com:443' },
    { endStream: false },
  );
  assert.equal(status, 501);
  await assertEchoes(await connection.openSocket(), [1]);
});

test(
  'E2: extended CONNECT of a path that is not there gets 404',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    assert.equal((await connection.connect('/no-such-path')).status, 404);
  },
);

test(
  'E4: a plain GET of a WebSocket route over h2 is neither 101 nor 426',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectHttp2(t, server);
    const { status, headers } = await connection.fetch('/echo');
    assert.ok(status >= 400 && status < 500 && status !== 426, `status ${status}`);
    assert.equal(headers.upgrade, undefined);
    assert.equal(headers.connection, undefined);
  },
);
