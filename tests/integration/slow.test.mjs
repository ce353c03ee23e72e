/*
 * Clients that take their time: each step that a peer can drag out has a deadline, on real sockets,
 * with a WebSocket beside it that echoes throughout, and afterwards the memory is back. Row E10.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN, scrape, scrapeUntil } from './support/admin.mjs';
import { atEnd } from './support/cleanup.mjs';
import { TEXT } from './support/frames.mjs';
import { identity } from './support/identity.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { temporaryDirectory, removeDirectory } from './support/processes.mjs';
import { connectTls } from './support/raw_http1.mjs';
import {
  connectRawHttp2,
  DATA,
  END_HEADERS,
  END_STREAM,
  errorCode,
  frame,
  GOAWAY,
  HEADERS,
  RST_STREAM,
  SETTINGS,
} from './support/raw_http2.mjs';
import { startServer, startSharedServer } from './support/server.mjs';

const HANDSHAKE_MS = 1000;
const REQUEST_MS = 800;
const KEEPALIVE_MS = 1500;
const RESPONSE_MS = 1200;
const MIB = 1024 * 1024;
const BIG_BYTES = 64 * MIB;
const SETTINGS_TIMEOUT = 4;
const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

let server;
let root;
before(async () => {
  root = temporaryDirectory();
  fs.writeFileSync(path.join(root, 'big'), Buffer.alloc(BIG_BYTES));
  server = await startSharedServer({
    root,
    args: [
      ...ADMIN,
      ...['--handshake-timeout', HANDSHAKE_MS, '--request-timeout', REQUEST_MS],
      ...['--keepalive-timeout', KEEPALIVE_MS, '--response-timeout', RESPONSE_MS],
    ].map(String),
  });
});
after(async () => {
  await server.cleanUp();
  removeDirectory(root);
});

/* What it holds besides, such as the space of a table that has grown. */
const SLACK_BYTES = 64 * 1024;

const memoryOf = async (server) => (await scrape(server)).trisock_memory_bytes;

async function assertMemoryIsBack(server, before) {
  await scrapeUntil(server, ({ trisock_memory_bytes: bytes }) => {
    assert.ok(bytes <= before + SLACK_BYTES, `${bytes} bytes are held, after ${before}`);
  });
}

/* A test with a socket of a third party, which gets an echo for each message until it is over. */
function besideABystander(name, run) {
  test(name, { timeout: TEST_MS }, async (t) => {
    const bystander = await (await connectTls(t, server)).openSocket();
    const before = await memoryOf(server);
    let over = false;
    let echoes = 0;
    const echoing = (async () => {
      while (!over) {
        const echo = await bystander.echo(TEXT, `echo ${echoes}`);
        assert.equal(echo.payload.toString(), `echo ${echoes}`);
        echoes += 1;
        await sleep(20);
      }
    })();
    try {
      await Promise.race([run(t), echoing]);
    } finally {
      over = true;
      await echoing;
    }
    assert.ok(echoes > 0);
    await assertMemoryIsBack(server, before);
  });
}

async function connectPlainly(t) {
  const socket = net.connect({ host: '127.0.0.1', port: server.port });
  atEnd(t, () => socket.destroy());
  socket.on('error', () => {});
  await within(EVENT_MS, 'the TCP connection', once(socket, 'connect'));
  return socket;
}

/* In order or by a reset. */
function ended(socket) {
  const end = new Promise((resolve) => {
    socket.on('close', resolve);
  });
  return within(EVENT_MS, 'the end of the connection', end);
}

/* How long until |socket| is ended by the other side, in milliseconds. */
async function lifetime(socket) {
  const start = Date.now();
  socket.resume();
  await ended(socket);
  return Date.now() - start;
}

/* |value| every |everyMs| until the socket is gone. */
async function trickle(socket, everyMs, next) {
  while (!socket.destroyed && socket.writable) {
    socket.write(next());
    await sleep(everyMs);
  }
}

function assertInTime(ms, limit) {
  assert.ok(ms >= limit * 0.7, `it ended after ${ms} ms, before its ${limit}`);
  assert.ok(ms <= limit + 5000, `it took ${ms} ms, not ${limit}`);
}

async function connectAs(t, alpn) {
  const { ca } = await identity();
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca, ALPNProtocols: [alpn] });
  atEnd(t, () => socket.destroy());
  socket.on('error', () => {});
  await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
  return socket;
}

/* ---- TLS */

besideABystander('E10: a connection that says nothing is ended', async (t) => {
  assertInTime(await lifetime(await connectPlainly(t)), HANDSHAKE_MS);
});

besideABystander('E10: half a ClientHello is ended', async (t) => {
  const socket = await connectPlainly(t);
  socket.write(Buffer.from('16030102000100', 'hex'));
  assertInTime(await lifetime(socket), HANDSHAKE_MS);
});

besideABystander('E10: a ClientHello byte by byte is ended', async (t) => {
  const socket = await connectPlainly(t);
  const start = Buffer.from('160301020001', 'hex');
  let at = 0;
  const sending = trickle(socket, 100, () => start.subarray(at % 6, (at++ % 6) + 1));
  assertInTime(await lifetime(socket), HANDSHAKE_MS);
  await sending;
});

besideABystander('E10: a client that never sends its Finished is ended', async (t) => {
  /* What TLS says first goes through, and nothing that it says afterwards. */
  const ends = [];
  const relay = net.createServer((client) => {
    const upstream = net.connect({ host: '127.0.0.1', port: server.port });
    ends.push(ended(upstream));
    client.on('error', () => {});
    upstream.on('error', () => {});
    client.once('data', (hello) => upstream.write(hello));
    upstream.pipe(client);
    atEnd(t, () => upstream.destroy());
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  atEnd(t, () => relay.close());
  const start = Date.now();
  const socket = tls.connect({
    host: '127.0.0.1',
    port: relay.address().port,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
  });
  atEnd(t, () => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  await ends[0];
  assertInTime(Date.now() - start, HANDSHAKE_MS);
});

/* ---- HTTP/2 */

besideABystander('E10: an HTTP/2 client without a preface is ended', async (t) => {
  const socket = await connectAs(t, 'h2');
  assertInTime(await lifetime(socket), HANDSHAKE_MS);
});

besideABystander('E10: SETTINGS that are never acknowledged are SETTINGS_TIMEOUT', async (t) => {
  const socket = await connectAs(t, 'h2');
  const bytes = [];
  socket.on('data', (data) => bytes.push(data));
  socket.write(Buffer.concat([Buffer.from(PREFACE), frame(SETTINGS, 0, 0)]));
  assertInTime(await lifetime(socket), HANDSHAKE_MS);
  const all = Buffer.concat(bytes);
  const goaway = all.subarray(-17);
  assert.equal(goaway[3], GOAWAY);
  assert.equal(goaway.readUInt32BE(13), SETTINGS_TIMEOUT);
});

besideABystander('E10: a field block that never ends ends its connection', async (t) => {
  const connection = await connectRawHttp2(t, server);
  const CONTINUATION = 9;
  await connection.ping(); /* SETTINGS are done with: nothing else may come in between */
  connection.socket.write(frame(HEADERS, END_STREAM, 1, Buffer.from([0x82])));
  let sent = 0;
  const sending = trickle(connection.socket, 200, () =>
    sent++ < 5 ? frame(CONTINUATION, 0, 1) : Buffer.alloc(0),
  );
  const goaway = await connection.next('GOAWAY', ({ type }) => type === GOAWAY);
  assert.equal(errorCode(goaway), ENHANCE_YOUR_CALM);
  connection.socket.destroy();
  await sending;
});

besideABystander('E10: an HTTP/2 connection without streams is ended in time', async (t) => {
  const connection = await connectRawHttp2(t, server);
  const start = Date.now();
  await connection.next('GOAWAY', ({ type }) => type === GOAWAY);
  assertInTime(Date.now() - start, KEEPALIVE_MS);
});

besideABystander('E10: a request body that never ends does not hold its stream', async (t) => {
  const connection = await connectRawHttp2(t, server);
  connection.headers(1, [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':path', '/big'],
    [':authority', server.authority],
  ]);
  connection.data(1, Buffer.from('a'));
  const answer = await connection.next('the answer', (f) => f.type === HEADERS);
  assert.equal(answer.streamId, 1);
  const end = await connection.next(
    'the end of the stream',
    ({ type, streamId }) => streamId === 1 && type === RST_STREAM,
  );
  assert.equal(errorCode(end), 0); /* NO_ERROR: RFC 9113 section 8.1 */
  await connection.ping();
});

/* ---- HTTP/1.1 */

besideABystander('E10: a request head byte by byte is answered 408', async (t) => {
  const connection = await connectTls(t, server);
  const start = Date.now();
  const text = `GET / HTTP/1.1\r\nHost: ${server.authority}\r\nX-Long: ${'x'.repeat(1000)}`;
  let at = 0;
  const sending = trickle(connection.socket, 50, () => text[at++]);
  const { status } = await connection.response();
  assert.equal(status, 408);
  assertInTime(Date.now() - start, REQUEST_MS);
  connection.socket.destroy();
  await sending;
});

besideABystander('E10: a request body byte by byte is answered 408', async (t) => {
  const connection = await connectTls(t, server);
  const start = Date.now();
  connection.send(`POST / HTTP/1.1\r\nHost: ${server.authority}\r\nContent-Length: 1000\r\n\r\n`);
  const sending = trickle(connection.socket, REQUEST_MS / 3, () => 'x');
  const { status } = await connection.response();
  assert.equal(status, 408);
  assertInTime(Date.now() - start, REQUEST_MS);
  connection.socket.destroy();
  await sending;
});

besideABystander('E10: a connection that is kept alive and not used is ended', async (t) => {
  const connection = await connectTls(t, server);
  await connection.get('/');
  const start = Date.now();
  await connection.closed();
  assertInTime(Date.now() - start, KEEPALIVE_MS);
});

/* ---- responses that nobody reads */

/* The number of the connection that |event| is told of, and how long that took. */
async function waitForUnread(event, match = {}) {
  const start = Date.now();
  const records = await server.log.waitFor(event, match);
  return { record: records.at(-1), ms: Date.now() - start };
}

besideABystander('E10: a response over HTTP/1.1 that is not read is cut', async (t) => {
  const socket = await connectAs(t, 'http/1.1');
  socket.pause();
  socket.write(`GET /big HTTP/1.1\r\nHost: ${server.authority}\r\n\r\n`);
  const { record, ms } = await waitForUnread('response.unread', { http: 'http/1.1' });
  assertInTime(ms, RESPONSE_MS);
  await server.log.waitFor('conn.close', { conn: record.conn, cause: 'lost' });
});

besideABystander('E10: a response over HTTP/2 without a window is reset with CANCEL', async (t) => {
  const connection = await connectRawHttp2(t, server);
  const INITIAL_WINDOW_SIZE = 4;
  connection.socket.write(
    frame(SETTINGS, 0, 0, Buffer.from([0, INITIAL_WINDOW_SIZE, 0, 0, 0, 0])),
  );
  connection.headers(
    1,
    [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/big'],
      [':authority', server.authority],
    ],
    { endStream: true },
  );
  const start = Date.now();
  const reset = await connection.next('RST_STREAM', ({ type }) => type === RST_STREAM);
  assert.equal(errorCode(reset), CANCEL);
  assertInTime(Date.now() - start, RESPONSE_MS);
  await connection.ping();
  await server.log.waitFor('response.unread', { http: 'h2' });
});

besideABystander('E10: an HTTP/2 connection that is not read at all is cut', async (t) => {
  const connection = await connectRawHttp2(t, server);
  const INITIAL_WINDOW_SIZE = 4;
  connection.socket.write(
    Buffer.concat([
      frame(SETTINGS, 0, 0, Buffer.from([0, INITIAL_WINDOW_SIZE, 0x7f, 0xff, 0xff, 0xff])),
      frame(8, 0, 0, Buffer.from([0x7f, 0xff, 0, 0])),
    ]),
  );
  await connection.ping();
  connection.socket.pause();
  connection.headers(
    1,
    [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/big'],
      [':authority', server.authority],
    ],
    { endStream: true },
  );
  const { record } = await waitForUnread('conn.unread');
  await server.log.waitFor('conn.close', { conn: record.conn, cause: 'lost' });
});

/* ---- too many */

/* Three sockets, and then many connections more from the same place, each of which is cut. */
async function floodWithConnections(t, option, reason) {
  const limited = await startServer(t, { args: [...ADMIN, option, '3'] });
  const kept = [];
  for (let i = 0; i < 3; i++) {
    kept.push(await (await connectTls(t, limited)).openSocket());
  }
  const before = await memoryOf(limited);
  for (let i = 0; i < 20; i++) {
    const socket = net.connect({ host: '127.0.0.1', port: limited.port });
    socket.on('error', () => {});
    atEnd(t, () => socket.destroy());
    await ended(socket);
    const echo = await kept[i % 3].echo(TEXT, `echo ${i}`);
    assert.equal(echo.payload.toString(), `echo ${i}`);
  }
  const refused = limited.log.records('conn.refuse');
  assert.equal(refused[0].reason, reason);
  assert.ok(refused.length < 20, 'a line a second');
  await assertMemoryIsBack(limited, before);
  return { limited, kept };
}

async function assertThereIsRoomAgain(t, { limited, kept }) {
  await kept.pop().close(1000, '');
  await limited.log.waitFor('conn.close');
  await connectTls(t, limited);
}

test('E10: the server has so many connections', { timeout: TEST_MS }, async (t) => {
  await assertThereIsRoomAgain(t, await floodWithConnections(t, '--max-connections', 'limit'));
});

test('E10: one address has so many connections', { timeout: TEST_MS }, async (t) => {
  const flooded = await floodWithConnections(t, '--max-connections-per-address', 'address');
  const { ca } = await identity();
  const other = tls.connect({
    host: '127.0.0.1',
    port: flooded.limited.port,
    localAddress: '127.0.0.2',
    ca,
    ALPNProtocols: ['http/1.1'],
  });
  atEnd(t, () => other.destroy());
  await within(EVENT_MS, 'the handshake from another address', once(other, 'secureConnect'));
  await assertThereIsRoomAgain(t, flooded);
});
