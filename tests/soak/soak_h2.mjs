/* What the clients of HTTP/2 do in a soak. */
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { randomBytes } from 'node:crypto';
import { PING as WS_PING } from '../integration/support/frames.mjs';
import { connectHttp2 } from '../integration/support/http2_client.mjs';
import {
  connectRawHttp2,
  DATA,
  END_HEADERS,
  END_STREAM,
  errorCode,
  frame,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  SETTINGS,
} from '../integration/support/raw_http2.mjs';
import { BAD_FRAMES } from './soak_bad_frames.mjs';
import { chooseMessage, FramedSocket } from './soak_socket.mjs';

const ENHANCE_YOUR_CALM = 0xb;
const WINDOW_UPDATE = 0x8;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect({ t, server, account }) {
  const connection = await connectHttp2(t, server);
  account.connection();
  return connection;
}

async function openHttp2(client, connection, path = '/echo') {
  return new FramedSocket(await connection.openSocket(path), client.account);
}

function openMany(client, connection, count) {
  return Promise.all(Array.from({ length: count }, () => openHttp2(client, connection)));
}

/* ---- who behaves */

async function talkOn(client, socket, most) {
  const { random } = client;
  for (let i = random.between(1, 5); i > 0; i -= 1) {
    await socket.echo(chooseMessage(random, most), random.of([1, 1, 3]));
    await pause(random.below(20));
  }
  await socket.close(random.of([1000, 1001, 3000, 4999]));
}

async function talkFew(client) {
  const connection = await connect(client);
  const sockets = await openMany(client, connection, client.random.between(1, 4));
  await Promise.all(sockets.map((socket) => talkOn(client, socket)));
}

async function talkMany(client) {
  const connection = await connect(client);
  const sockets = await openMany(client, connection, client.random.between(20, 60));
  await Promise.all([
    ...sockets.map((socket) => talkOn(client, socket, 5000)),
    getPage(client, connection, '/', 200),
  ]);
}

async function getPage({ account }, connection, path, status) {
  assert.equal((await connection.fetch(path)).status, status);
  account.request();
}

async function getPages(client) {
  const connection = await connect(client);
  for (let i = client.random.between(1, 10); i > 0; i -= 1) {
    await getPage(
      client,
      connection,
      ...client.random.of([
        ['/', 200],
        ['/', 200],
        ['/none', 404],
      ]),
    );
  }
}

async function readSlowly(client) {
  const { random } = client;
  const connection = await connect(client);
  const [slow, sibling] = await openMany(client, connection, 2);
  const messages = Array.from({ length: 16 }, () => chooseMessage(random, 128 * 1024));
  slow.peer.stream.pause();
  messages.forEach((message) => slow.send(message));
  for (let i = 0; i < 5; i += 1) {
    await sibling.echo(chooseMessage(random, 2000));
    await pause(random.below(200));
  }
  slow.peer.stream.resume();
  for (const message of messages) {
    await slow.expectEcho(message);
  }
  await Promise.all([slow.close(1000), sibling.close(1000)]);
}

async function pingAndTalk(client) {
  const connection = await connect(client);
  const socket = await openHttp2(client, connection);
  for (let i = 0; i < 10; i += 1) {
    socket.peer.send(WS_PING, `ping ${i}`);
    assert.equal((await socket.next()).type, 'pong');
  }
  await talkOn(client, socket);
}

/* ---- who vanishes */

async function resetSockets(client) {
  const connection = await connect(client);
  const sockets = await openMany(client, connection, client.random.between(2, 10));
  await Promise.all(sockets.map((socket) => socket.echo(chooseMessage(client.random, 2000))));
  for (const socket of sockets.slice(1)) {
    if (client.random.chance(0.5)) {
      socket.peer.stream.close(http2.constants.NGHTTP2_CANCEL);
    } else {
      socket.peer.stream.end(); /* END_STREAM without a Close */
    }
    await socket.next();
    socket.lost();
  }
  await talkOn(client, sockets[0]);
}

async function vanish(client) {
  const connection = await connect(client);
  const sockets = await openMany(client, connection, client.random.between(1, 8));
  await Promise.all(sockets.map((socket) => socket.echo(chooseMessage(client.random, 5000))));
  sockets[0].send(chooseMessage(client.random));
  sockets.forEach((socket) => socket.lost());
  connection.session.destroy();
}

async function fallSilent(client) {
  const connection = await connect(client);
  const sockets = await openMany(client, connection, 2);
  await Promise.all(
    sockets.map(async (socket) => {
      await socket.echo(chooseMessage(client.random, 2000));
      socket.lost(1001);
      while ((await socket.peer.next()).type === 'ping') {
        /* it answers none */
      }
    }),
  );
}

/* ---- who misbehaves */

async function sendBadFrame(client) {
  const connection = await connect(client);
  const [bad, sibling] = await openMany(client, connection, 2);
  const { code, bytes } = client.random.of(BAD_FRAMES);
  bad.peer.write(bytes);
  await bad.expectClose(code);
  await talkOn(client, sibling, 2000);
}

async function askWrongly(client) {
  const { random, account } = client;
  const connection = await connect(client);
  const [path, fields, status, reason] = random.of([
    ['/nothing', {}, 404, 'path'],
    ['/echo', { 'sec-websocket-version': '12' }, 400, 'version'],
    ['/echo', { ':protocol': 'connect-udp' }, 501, 'protocol'],
    ['/echo', { origin: 'https://elsewhere.example' }, 403, 'origin'],
  ]);
  assert.equal((await connection.connect(path, fields)).status, status);
  account.request();
  account.refused(reason);
  await talkOn(client, await openHttp2(client, connection), 2000);
}

async function connectRaw({ t, server, account }) {
  const connection = await connectRawHttp2(t, server);
  account.connection();
  return connection;
}

const isGoaway = ({ type }) => type === GOAWAY;

const GET = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'localhost'],
];

/* Frames for which a connection ends. RFC 9113 sections 4 to 6. */
const BAD_HTTP2 = [
  () => frame(DATA, 0, 0, Buffer.from('x')),
  () => frame(SETTINGS, 0, 0, Buffer.alloc(5)),
  () => frame(SETTINGS, 0, 1, Buffer.alloc(6)),
  () => frame(PING, 0, 0, Buffer.alloc(7)),
  () => frame(WINDOW_UPDATE, 0, 0, Buffer.alloc(4)),
  () => frame(HEADERS, END_HEADERS | END_STREAM, 2, Buffer.from([0x82])),
  () => frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff])),
  () => frame(PING, 0, 0, Buffer.alloc(17_000)),
  () =>
    Buffer.concat([frame(HEADERS, 0, 1, Buffer.from([0x82])), frame(PING, 0, 0, Buffer.alloc(8))]),
];

async function sendBadHttp2(client) {
  const connection = await connectRaw(client);
  connection.socket.write(client.random.of(BAD_HTTP2)());
  const goaway = await connection.next('GOAWAY', isGoaway);
  assert.notEqual(errorCode(goaway), 0);
  client.account.request(0, 1);
  client.account.refused('malformed', 0, 1);
}

async function sendGarbage(client) {
  const connection = await connectRaw(client);
  connection.socket.write(randomBytes(client.random.between(100, 20_000)));
  await pause(client.random.below(300));
}

/*
 * Floods until the server says ENHANCE_YOUR_CALM, and counts it as |kind|. |some|(i) is a portion.
 */
async function flood(client, kind, portions, some) {
  const connection = await connectRaw(client);
  for (let i = 0; i < portions; i += 1) {
    connection.socket.write(some(connection, i));
    if (i % 100 === 0) {
      await pause(1);
    }
  }
  const goaway = await connection.next('GOAWAY', isGoaway);
  assert.equal(errorCode(goaway), ENHANCE_YOUR_CALM);
  client.account.flood(kind);
}

const CANCEL = Buffer.from([0, 0, 0, 8]);
const GET_BLOCK = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x78]); /* of the static table */

async function resetRapidly(client) {
  const count = 2500;
  client.account.request(0, count);
  await flood(client, 'reset', count, (_, i) =>
    Buffer.concat([
      frame(HEADERS, END_HEADERS | END_STREAM, 2 * i + 1, GET_BLOCK),
      frame(RST_STREAM, 0, 2 * i + 1, CANCEL),
    ]),
  );
}

async function floodPings(client) {
  const pings = Buffer.concat(Array.from({ length: 10 }, () => frame(PING, 0, 0, Buffer.alloc(8))));
  await flood(client, 'ack', 300, () => pings);
}

async function floodEmpty(client) {
  const priority = frame(0x2, 0, 3, Buffer.from([0, 0, 0, 0, 16]));
  const some = Buffer.concat(Array.from({ length: 10 }, () => priority));
  await flood(client, 'other', 500, () => some);
}

/* Leaves requests open and half said. */
async function askHalf(client) {
  const connection = await connectRaw(client);
  const count = client.random.between(1, 20);
  for (let i = 0; i < count; i += 1) {
    connection.headers(2 * i + 1, GET);
  }
  await connection.ping();
  client.account.request(0, count);
  client.account.refused('malformed', 0, count);
  await pause(client.random.below(1000));
}

export const HTTP2_SCENES = [
  { kind: 'talk, few sockets', weight: 8, polite: true, run: talkFew },
  { kind: 'talk, many sockets', weight: 3, polite: true, run: talkMany },
  { kind: 'ping and talk', weight: 3, polite: true, run: pingAndTalk },
  { kind: 'read slowly', weight: 3, polite: true, run: readSlowly },
  { kind: 'get pages', weight: 4, polite: true, run: getPages },
  { kind: 'reset sockets', weight: 4, run: resetSockets },
  { kind: 'vanish', weight: 5, run: vanish },
  { kind: 'fall silent', weight: 1, run: fallSilent },
  { kind: 'bad frames of WebSocket', weight: 6, run: sendBadFrame },
  { kind: 'wrong handshakes', weight: 4, run: askWrongly },
  { kind: 'bad frames of HTTP/2', weight: 5, run: sendBadHttp2 },
  { kind: 'garbage', weight: 3, run: sendGarbage },
  { kind: 'half a request', weight: 2, run: askHalf },
  { kind: 'rapid reset', weight: 1, run: resetRapidly },
  { kind: 'flood of pings', weight: 1, run: floodPings },
  { kind: 'flood of PRIORITY', weight: 1, run: floodEmpty },
];
