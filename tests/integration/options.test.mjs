/* What the options of `trisock serve` do to WebSockets: origins, subprotocols, slowness, limits. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import WebSocket from 'ws';
import { identity } from './support/identity.mjs';
import { TEXT } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { BIG_MESSAGE_MS, EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { binaryPayload, MIB } from './support/payloads.mjs';
import { runTrisock, startServer } from './support/server.mjs';

/* A sender that got nothing rid for so long is held up. */
const STANDSTILL_MS = 300;

const PATHS = ['/echo', '/hello', '/stream', '/push', '/rooms/tea'];

/* The status that a handshake of npm ws gets. */
async function statusOverHttp1(server, path, options) {
  const { ca } = await identity();
  const socket = new WebSocket(`wss://${server.authority}${path}`, { ca, ...options });
  const answered = new Promise((resolve) => {
    socket.on('upgrade', ({ statusCode }) => resolve(statusCode));
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode));
  });
  socket.on('error', () => {});
  const status = await within(EVENT_MS, 'the answer to npm ws', answered);
  socket.terminate();
  return status;
}

test('--origin lets in its own pages alone', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, {
    args: ['--origin', 'https://example.com, https://example.org:8443'],
  });
  const connection = await connectHttp2(t, server);
  for (const path of PATHS) {
    for (const [origin, isIn] of [
      ['https://example.com', true],
      ['https://example.org:8443', true],
      ['https://example.org', false],
      ['http://example.com', false],
      ['https://example.com.evil.example', false],
      ['null', false],
      [undefined, true],
    ]) {
      const { status } = await connection.connect(path, { origin });
      assert.equal(status, isIn ? 200 : 403, `${path} from ${origin} over h2`);
      const options = origin ? { origin } : {};
      assert.equal(
        await statusOverHttp1(server, path, options),
        isIn ? 101 : 403,
        `${path} from ${origin} over http/1.1`,
      );
    }
  }
});

test('--subprotocol agrees on one that both know', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ['--subprotocol=chat,superchat'] });
  const connection = await connectHttp2(t, server);
  for (const path of PATHS) {
    for (const [asked, agreed] of [
      ['superchat, chat', 'superchat'],
      ['other, chat', 'chat'],
      ['other', undefined],
      [undefined, undefined],
    ]) {
      const { status, headers } = await connection.connect(path, {
        'sec-websocket-protocol': asked,
      });
      assert.equal(status, 200);
      assert.equal(headers['sec-websocket-protocol'], agreed, `${path} asked for ${asked}`);
    }
  }
});

test('a list that is none is told in one line', { timeout: TEST_MS }, async () => {
  for (const args of [
    ['--origin', 'example.com'],
    ['--subprotocol', 'a b'],
  ]) {
    const { code, stderr } = await runTrisock(['serve', '--listen', '127.0.0.1:0', ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^trisock: .*is not understood; give a list like .*\n$/);
    assert.ok(stderr.includes(args.join(' ')), stderr);
  }
});

/* A socket that does not read, and a function that sends a numbered message on it. */
async function openSlow(t, args) {
  const server = await startServer(t, { args: ['--max-queue', '65536', ...args] });
  const socket = await openWs(t, server);
  socket.pause();
  const sendNumbered = (number) => {
    const message = Buffer.alloc(60_000, 'x');
    message.writeUInt32BE(number);
    return new Promise((resolve) => socket.send(message, resolve));
  };
  return { server, socket, sendNumbered };
}

test(
  'W6: --slow close ends a socket that does not read with 1013',
  { timeout: TEST_MS },
  async (t) => {
    const { server, socket, sendNumbered } = await openSlow(t, ['--slow', 'close']);
    for (let i = 0; i < 600; i += 1) {
      await sendNumbered(i); /* read by the server until it has ended */
    }
    socket.resume();
    assert.deepEqual(await nextClose(socket), { code: 1013, reason: 'slow consumer' });
    await server.log.waitFor('ws.close', { code: 1013, clean: 1 });
  },
);

test('W6: --slow drop loses messages and keeps their order', { timeout: TEST_MS }, async (t) => {
  const { server, socket, sendNumbered } = await openSlow(t, ['--slow', 'drop']);
  const heard = [];
  socket.on('message', (data) => heard.push(data.readUInt32BE(0)));
  const count = 600;
  for (let i = 0; i < count; i += 1) {
    await sendNumbered(i); /* taken by the server, or soon: it never stops reading */
  }
  socket.resume();
  socket.close(1000);
  assert.equal((await nextClose(socket)).code, 1000);
  const [closed] = await server.log.waitFor('ws.close');
  assert.ok(Number(closed.messages_dropped) > 0, closed.line);
  assert.equal(Number(closed.messages_dropped) + heard.length, count);
  assert.deepEqual(heard, [...heard].sort((a, b) => a - b));
});

test('W6: --slow wait holds up the sender, and loses nothing', { timeout: TEST_MS }, async (t) => {
  const { socket, sendNumbered } = await openSlow(t, ['--slow', 'wait']);
  const count = 600;
  let taken = 0;
  for (let i = 0; i < count; i += 1) {
    sendNumbered(i).then(() => {
      taken += 1;
    });
  }
  let before = -1;
  while (before !== taken) {
    before = taken;
    await new Promise((resolve) => setTimeout(resolve, STANDSTILL_MS));
  }
  assert.ok(taken < count, 'the server stopped reading');
  socket.resume();
  for (let i = 0; i < count; i += 1) {
    const { data } = await nextMessage(socket, BIG_MESSAGE_MS);
    assert.equal(data.readUInt32BE(0), i);
  }
});

const STREAM_ARGS = ['--max-message', '1024', '--max-queue', '65536'];

test(
  '/stream echoes a message that is longer than --max-message',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServer(t, { args: STREAM_ARGS });
    const socket = await openWs(t, server, '/stream');
    for (const size of [0, 1, 1024, 1025, 100_000, 40 * MIB]) {
      const message = binaryPayload(size);
      socket.send(message);
      const { data, isBinary } = await nextMessage(socket, BIG_MESSAGE_MS);
      assert.ok(isBinary && message.equals(data), `${size} bytes`);
    }
    const whole = await openWs(t, server, '/echo');
    whole.send(binaryPayload(1025));
    assert.equal((await nextClose(whole)).code, 1009);
  },
);

test('/stream echoes over HTTP/2 too', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: STREAM_ARGS });
  const connection = await connectHttp2(t, server);
  const peer = await connection.openSocket('/stream');
  for (const [size, fragments] of [
    [0, 1],
    [10, 3],
    [MIB, 1],
    [4 * MIB, 7],
  ]) {
    const text = 'x'.repeat(size);
    const timeoutMs = BIG_MESSAGE_MS;
    const echo = await peer.echo(TEXT, text, { fragments, timeoutMs });
    assert.equal(echo.opcode, TEXT);
    assert.ok(echo.payload.toString() === text, `${size} bytes in ${fragments} frames`);
  }
  await peer.close(1000);
});

test('--max-sockets bounds those of one connection', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ['--max-sockets', '2'] });
  const connection = await connectHttp2(t, server);
  const first = await connection.openSocket();
  await connection.openSocket();
  assert.equal((await connection.connect('/echo')).status, 503);
  await first.close(1000);
  await server.log.waitFor('ws.close');
  assert.equal((await connection.connect('/echo')).status, 200);
});

test('--max-fragments and --max-control-frames end in 1008', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, {
    args: ['--max-fragments', '10', '--max-control-frames', '20'],
  });
  const fragments = await openWs(t, server);
  for (let i = 0; i < 12; i += 1) {
    fragments.send('x', { fin: false });
  }
  assert.equal((await nextClose(fragments)).code, 1008);
  const pings = await openWs(t, server);
  const closed = once(pings, 'close');
  for (let i = 0; i < 100; i += 1) {
    pings.ping();
  }
  const [code] = await within(EVENT_MS, 'the close', closed);
  assert.equal(code, 1008);
});
