/*
 * `--memory-max`: many sockets, each in the middle of a large message, on real connections. The
 * server stays within its limit and a margin, and who was there before does not notice. Row E10.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BINARY, TEXT } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { LONG_TEST_MS } from './support/limits.mjs';
import { watchMemory } from './support/memory.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { sanitizerEnvironment, startServer } from './support/server.mjs';

const MIB = 1024 * 1024;
const LIMIT = 64 * MIB;
/* The heap's own, what the kernel and libraries take, and under a sanitizer its shadow. */
const MARGIN_KIB = 48 * 1024;
const SOCKETS = 200;
const PIECE = Buffer.alloc(256 * 1024);

/* The header of a masked frame whose mask is all zero. */
function frameHeader(length) {
  const header = Buffer.alloc(14);
  header[0] = 0x80 | BINARY;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

async function openHungry(scope, server) {
  const connection = await connectTls(scope, server);
  const response = await connection.upgrade('/echo');
  assert.equal(response.status, 101);
  return connection.socket;
}

/* Sends until the message is all but complete or the server has had enough. */
async function feed(socket) {
  let wake = () => {};
  for (const event of ['drain', 'close', 'error', 'end']) {
    socket.on(event, () => wake());
  }
  socket.write(frameHeader(16 * MIB));
  for (let sent = 0; sent + PIECE.length < 16 * MIB && socket.writable; sent += PIECE.length) {
    if (!socket.write(PIECE)) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
  }
}

test('E10: messages stay within --memory-max', { timeout: LONG_TEST_MS }, async (t) => {
  /* A sanitizer keeps what was freed for a while, 256 MiB of it if it is not told otherwise. */
  const ASAN_OPTIONS = `${sanitizerEnvironment().ASAN_OPTIONS}:quarantine_size_mb=1`;
  const server = await startServer(t, {
    args: ['--memory-max', String(LIMIT)],
    environment: { ASAN_OPTIONS },
  });
  const bystander = await (await connectTls(t, server)).openSocket();
  const http2 = await connectHttp2(t, server);
  const sibling = await http2.openSocket();
  const sockets = [];
  for (let i = 0; i < SOCKETS; i++) {
    sockets.push(await openHungry(t, server));
  }
  const memory = watchMemory(server);
  let fed = false;
  const feeding = Promise.all(sockets.map(feed)).then(() => {
    fed = true;
  });
  let echoes = 0;
  while (!fed || echoes < 10) {
    for (const peer of [bystander, sibling]) {
      const echo = await peer.echo(TEXT, `echo ${echoes}`);
      assert.equal(echo.payload.toString(), `echo ${echoes}`);
    }
    echoes += 1;
  }
  await feeding;
  const refused = await server.log.waitFor('ws.close', { code: '1013' }, SOCKETS / 2);
  assert.ok(refused.length >= SOCKETS / 2);
  assert.equal(server.log.records('ws.close', { code: '1006' }).length, 0);
  const grownKib = memory.stop();
  assert.ok(grownKib <= LIMIT / 1024 + MARGIN_KIB, `it grew by ${grownKib} KiB`);
  t.diagnostic(`${refused.length} of ${SOCKETS} refused, the server grew by ${grownKib} KiB`);
  for (const socket of sockets) {
    socket.destroy();
  }
  await server.log.waitFor('ws.close', {}, SOCKETS);
  /* All is given back: there is room for a message of that size. */
  const again = await (await connectTls(t, server)).openSocket();
  const echo = await again.echo(BINARY, Buffer.alloc(8 * MIB));
  assert.equal(echo.payload.length, 8 * MIB);
});

test(
  'E10: near --memory-max new connections are refused, then new sockets and requests',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const server = await startServer(t, { args: ['--memory-max', String(16 * MIB)] });
    const early = await connectTls(t, server); /* while there is room */
    const peers = [];
    for (let i = 0; i < 40; i++) {
      peers.push(await openHungry(t, server));
    }
    let status = 200;
    for (let i = 0; i < peers.length && status === 200; i++) {
      peers[i].on('error', () => {});
      peers[i].write(frameHeader(MIB)); /* held in 512 KiB, until it is whole */
      peers[i].write(Buffer.alloc(300 * 1024));
      await sleep(100);
      const response = await early.get('/');
      ({ status } = response);
      assert.ok(status === 200 || response.headers['retry-after'] === '5');
    }
    assert.equal(status, 503);
    await assert.rejects(connectTls(t, server));
    const [{ reason }] = await server.log.waitFor('conn.refuse');
    assert.equal(reason, 'memory');
    const refused = await early.upgrade('/echo');
    assert.equal(refused.status, 503);
    assert.equal(server.log.records('ws.close').length, 0); /* nothing open suffers */
    for (const peer of peers.slice(0, 20)) {
      peer.destroy();
    }
    await server.log.waitFor('ws.close', {}, 20);
    await (await connectTls(t, server)).openSocket();
  },
);
