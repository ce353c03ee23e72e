/* npm `ws` over HTTP/1.1. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { BIG_MESSAGE_MS, EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { binaryPayload, MIB, SIZES, textPayload } from './support/payloads.mjs';
import { startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

/* Two whole fragments and the rest, so that sizes 0 and 1 have empty fragments. */
function sendInFragments(socket, data, binary) {
  const bytes = Buffer.from(data);
  const third = Math.ceil(bytes.length / 3);
  socket.send(bytes.subarray(0, third), { binary, fin: false });
  socket.send(bytes.subarray(third, 2 * third), { binary, fin: false });
  socket.send(bytes.subarray(2 * third), { binary, fin: true });
}

function sendWhole(socket, data, binary) {
  socket.send(data, { binary });
}

for (const [how, send] of [
  ['whole', sendWhole],
  ['in fragments', sendInFragments],
]) {
  test(
    `npm ws echoes 0 bytes to 16 MiB, text and binary, ${how}`,
    { timeout: TEST_MS },
    async (t) => {
      const socket = await openWs(t, server);
      for (const size of SIZES) {
        for (const binary of [false, true]) {
          const message = binary ? binaryPayload(size) : Buffer.from(textPayload(size));
          send(socket, message, binary);
          const { data, isBinary } = await nextMessage(socket, BIG_MESSAGE_MS);
          assert.equal(isBinary, binary, `the type of ${size} bytes`);
          assert.ok(message.equals(data), `${size} bytes, ${binary ? 'binary' : 'text'}`);
        }
      }
      socket.close(1000);
      await nextClose(socket);
    },
  );
}

test(
  'W1: a ping of npm ws between fragments gets its pong before the message',
  { timeout: TEST_MS },
  async (t) => {
    const socket = await openWs(t, server);
    const order = [];
    socket.on('pong', (data) => order.push(`pong ${data}`));
    socket.on('message', (data) => order.push(`message ${data}`));
    socket.send('frag', { fin: false });
    socket.ping('are you there');
    socket.send('ments', { fin: true });
    await nextMessage(socket);
    assert.deepEqual(order, ['pong are you there', 'message fragments']);
  },
);

for (const [code, reason] of [
  [1000, ''],
  [1000, 'done'],
  [1001, 'going'],
  [1003, ''],
  [1011, 'x'],
  [3000, 'registered'],
  [4001, 'bye'],
  [4999, 'tschüß 𝄞'],
  [4000, 'r'.repeat(123)],
]) {
  test(
    `the close ${code} "${reason.slice(0, 20)}" of npm ws comes back`,
    { timeout: TEST_MS },
    async (t) => {
      const socket = await openWs(t, server);
      socket.close(code, reason);
      assert.deepEqual(await nextClose(socket), { code, reason });
      await server.log.waitFor('ws.close', { http: 'http/1.1', code });
    },
  );
}

test(
  'W1: a close of npm ws without a code comes back without a code',
  { timeout: TEST_MS },
  async (t) => {
    const socket = await openWs(t, server);
    socket.close();
    assert.deepEqual(await nextClose(socket), { code: 1005, reason: '' });
  },
);

test(
  'W3: npm ws that offers permessage-deflate is served, compressed or not',
  { timeout: TEST_MS },
  async (t) => {
    const socket = await openWs(t, server, '/echo', { perMessageDeflate: true });
    const message = textPayload(65536);
    socket.send(message);
    assert.equal((await nextMessage(socket)).data.toString(), message);
  },
);

test(
  '/hello greets npm ws with what carries it, then echoes',
  { timeout: TEST_MS },
  async (t) => {
    const opened = server.log.records('ws.open').length;
    const socket = await openWs(t, server, '/hello');
    const greeting = JSON.parse((await nextMessage(socket)).data);
    const [record] = (await server.log.waitFor('ws.open', {}, opened + 1)).slice(-1);
    assert.equal(greeting.http, 'http/1.1');
    assert.equal(String(greeting.id), record.id);
    assert.equal(String(greeting.conn), record.conn);
    assert.match(greeting.tls, /TLS ?v?1\.[23]/);
    assert.equal(typeof greeting.cipher, 'string');
    assert.equal(typeof greeting.group, 'string');
    socket.send('and you');
    assert.equal((await nextMessage(socket)).data.toString(), 'and you');
  },
);

test('E5: two hundred sockets of npm ws echo at once', { timeout: TEST_MS }, async (t) => {
  const sockets = await Promise.all(Array.from({ length: 200 }, () => openWs(t, server)));
  await Promise.all(
    sockets.map(async (socket, index) => {
      const message = textPayload(index * 97);
      socket.send(message);
      const { data } = await nextMessage(socket);
      assert.equal(data.toString(), message);
    }),
  );
  await Promise.all(
    sockets.map(async (socket) => {
      const closed = within(EVENT_MS, 'npm ws to close', once(socket, 'close'));
      socket.close(1000);
      await closed;
    }),
  );
});

test(
  'W1: a megabyte in a thousand messages without waiting comes back in order',
  { timeout: TEST_MS },
  async (t) => {
    const socket = await openWs(t, server);
    const received = [];
    const all = new Promise((resolve) => {
      socket.on('message', (data) => {
        received.push(data.readUInt32BE(0));
        if (received.length === 1000) {
          resolve();
        }
      });
    });
    const message = binaryPayload(Math.floor(MIB / 1000));
    for (let i = 0; i < 1000; i += 1) {
      const numbered = Buffer.from(message);
      numbered.writeUInt32BE(i);
      socket.send(numbered);
    }
    await within(BIG_MESSAGE_MS, 'a thousand echoes', all);
    assert.deepEqual(
      received,
      Array.from({ length: 1000 }, (_, i) => i),
    );
  },
);
