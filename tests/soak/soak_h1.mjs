/* What the clients of HTTP/1.1 do in a soak. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { encodeFrame, PING, TEXT } from '../integration/support/frames.mjs';
import { identity } from '../integration/support/identity.mjs';
import { within } from '../integration/support/limits.mjs';
import { openWs } from '../integration/support/npm_ws.mjs';
import {
  connectTcp,
  connectTls,
  head,
  Http1Connection,
} from '../integration/support/raw_http1.mjs';
import { BAD_FRAMES } from './soak_bad_frames.mjs';
import { chooseMessage, FramedSocket, NpmSocket, WAIT_MS } from './soak_socket.mjs';

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function connect({ t, server, account }) {
  const connection = await connectTls(t, server);
  account.connection();
  return connection;
}

export async function openHttp1(client, path = '/echo') {
  const connection = await connect(client);
  return new FramedSocket(await connection.openSocket(path), client.account);
}

async function openNpm({ t, server, account }, options = {}) {
  const socket = await openWs(t, server, '/echo', options);
  account.connection();
  return new NpmSocket(socket, account);
}

/* ---- who behaves */

async function talkNpm(client, deflate) {
  const { random } = client;
  const socket = await openNpm(client, { perMessageDeflate: deflate });
  for (let i = random.between(1, 12); i > 0; i -= 1) {
    await socket.echo(chooseMessage(random));
    if (random.chance(0.1)) {
      await socket.ping();
    }
    await pause(random.below(30));
  }
  await socket.close(random.of([1000, 1001, 3000, 4999]));
}

const talkPlain = (client) => talkNpm(client, false);
const talkDeflated = (client) => talkNpm(client, { threshold: client.random.below(2000) });

async function talkInFragments(client) {
  const { random } = client;
  const socket = await openHttp1(client);
  for (let i = random.between(1, 6); i > 0; i -= 1) {
    await socket.echo(chooseMessage(random), random.between(1, 5));
  }
  socket.peer.send(PING, 'there?');
  assert.equal((await socket.next()).type, 'pong');
  await socket.close(random.of([1000, 4000]), 'enough');
}

async function readSlowly(client) {
  const { random } = client;
  const socket = await openHttp1(client);
  const messages = Array.from({ length: 16 }, () => chooseMessage(random, 256 * 1024));
  socket.peer.stream.pause();
  messages.forEach((message) => socket.send(message));
  await pause(random.between(100, 1500));
  socket.peer.stream.resume();
  for (const message of messages) {
    await socket.expectEcho(message);
  }
  await socket.close(1000);
}

async function getPages(client) {
  const connection = await connect(client);
  for (let i = client.random.between(1, 8); i > 0; i -= 1) {
    const [path, status] = client.random.of([
      ['/', 200],
      ['/', 200],
      ['/nothing', 404],
    ]);
    assert.equal((await connection.get(path)).status, status);
    client.account.request();
  }
}

/* ---- who vanishes */

async function endWithoutClose(client) {
  const socket = await openHttp1(client);
  await socket.echo(chooseMessage(client.random));
  socket.peer.stream.end();
  await socket.next();
  socket.lost();
}

/* The bytes of the connection can be reset below TLS. */
async function vanish(client) {
  const { t, server, random, account } = client;
  const { ca } = await identity();
  const tcp = net.connect({ host: '127.0.0.1', port: server.port });
  const socket = tls.connect({
    socket: tcp,
    ca,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
  });
  t.after(() => tcp.destroy());
  await within(WAIT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
  account.connection();
  const connection = new Http1Connection(socket, server.authority);
  const framed = new FramedSocket(await connection.openSocket('/echo'), account);
  await framed.echo(chooseMessage(random));
  const last = random.below(3);
  if (last === 0) {
    framed.send(chooseMessage(random));
  } else if (last === 1) {
    framed.peer.write(encodeFrame(TEXT, Buffer.from('half a mess'), { fin: false }));
  }
  framed.lost();
  tcp.resetAndDestroy();
}

/* Says nothing more, and answers no ping: the server gives it up. */
async function fallSilent(client) {
  const socket = await openHttp1(client);
  await socket.echo(chooseMessage(client.random));
  socket.lost(1001);
  for (;;) {
    const thing = await socket.peer.next(WAIT_MS);
    if (thing.type !== 'ping') {
      return;
    }
  }
}

async function connectOnly({ t, server, random }) {
  const connection = await connectTcp(t, server.port);
  await (random.chance(0.7) ? pause(random.below(1500)) : connection.closed());
}

async function greetHalf({ t, server, random }) {
  const connection = await connectTcp(t, server.port);
  connection.send(Buffer.from('16030100c8010000c40303', 'hex'));
  connection.send(randomBytes(random.below(60)));
  await (random.chance(0.5) ? pause(random.below(1500)) : connection.closed());
}

async function askHalf(client) {
  const connection = await connect(client);
  connection.send('GET /echo HTTP/1.1\r\nHost: loc');
  if (client.random.chance(0.5)) {
    await pause(client.random.below(1500));
  } else {
    await connection.closed(); /* the server's deadline */
  }
  client.account.request(0, 1);
  client.account.refused('malformed', 0, 1);
}

/* ---- who misbehaves */

async function sendGarbage({ t, server, random }) {
  const connection = await connectTcp(t, server.port);
  connection.send(randomBytes(random.between(1, 5000)));
  connection.socket.end();
  await connection.closed();
}

async function sendGarbageInside(client) {
  const connection = await connect(client);
  const line = client.random.of(['\0\0\0\0', 'GET\t/ HTTP/1.1\r\n', 'BREW / HTTP/9\r\n']);
  connection.send(`${line}${randomBytes(40).toString('latin1')}\r\n\r\n`);
  const { status } = await connection.response();
  assert.ok(status >= 400 && status <= 505, `garbage got ${status}`);
  client.account.refused('malformed');
}

async function sendBadFrame(client) {
  const socket = await openHttp1(client);
  await socket.echo(chooseMessage(client.random, 2000));
  const { code, bytes } = client.random.of(BAD_FRAMES);
  socket.peer.write(bytes);
  await socket.expectClose(code);
}

async function askWrongly(client) {
  const { random, account } = client;
  const connection = await connect(client);
  const [path, changes, status, reason] = random.of([
    ['/nothing', {}, 404] /* there is no WebSocket: the Upgrade is ignored, and no page found */,
    ['/echo', { 'Sec-WebSocket-Version': '12' }, 426, 'version'],
    ['/echo', { 'Sec-WebSocket-Key': 'short' }, 400, 'malformed'],
    ['/echo', { Origin: 'https://elsewhere.example' }, 403, 'origin'],
  ]);
  assert.equal((await connection.upgrade(path, changes)).status, status);
  if (reason) {
    account.refused(reason);
  }
  if (reason !== 'malformed') {
    account.request();
  }
}

async function sendLongHead(client) {
  const connection = await connect(client);
  connection.send(
    head('GET / HTTP/1.1', [
      ['Host', 'localhost'],
      ['X', 'y'.repeat(40_000)],
    ]),
  );
  assert.equal((await connection.response()).status, 431);
  client.account.refused('malformed');
}

export const HTTP1_SCENES = [
  { kind: 'talk', weight: 8, polite: true, run: talkPlain },
  { kind: 'talk compressed', weight: 6, polite: true, run: talkDeflated },
  { kind: 'talk in fragments', weight: 5, polite: true, run: talkInFragments },
  { kind: 'read slowly', weight: 3, polite: true, run: readSlowly },
  { kind: 'get pages', weight: 5, polite: true, run: getPages },
  { kind: 'end without Close', weight: 4, run: endWithoutClose },
  { kind: 'vanish', weight: 5, run: vanish },
  { kind: 'fall silent', weight: 1, run: fallSilent },
  { kind: 'connect, say nothing', weight: 3, run: connectOnly },
  { kind: 'half a ClientHello', weight: 3, run: greetHalf },
  { kind: 'half a request', weight: 2, run: askHalf },
  { kind: 'garbage for TLS', weight: 3, run: sendGarbage },
  { kind: 'garbage for a request', weight: 3, run: sendGarbageInside },
  { kind: 'bad frames', weight: 6, run: sendBadFrame },
  { kind: 'wrong handshakes', weight: 4, run: askWrongly },
  { kind: 'a head too long', weight: 1, run: sendLongHead },
];
