/*
 * E4, E5, E10, U6, U7: every attack that needs no slowness, against the whole program over real
 * sockets and real TLS: the attacker is stopped, sockets over all three HTTPs echo all the while,
 * and the memory of the release build comes back.
 */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { HTTP2_ATTACKS } from './support/attacks_http2.mjs';
import { openChromium } from './support/chromium.mjs';
import { TEXT } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { echoForEver } from './support/in_page.mjs';
import { EVENT_MS, LONG_TEST_MS } from './support/limits.mjs';
import { connectTls, head, upgradeFields } from './support/raw_http1.mjs';
import { RELEASE_BINARY, startServerForBrowser } from './support/server.mjs';

/* After a round that warms up, an attack may leave this much: an allocator's leftovers. */
const GROWTH_MAX_KIB = 4096;

/* ---- HTTP/1.1 */

const SMUGGLED = head('GET /smuggled HTTP/1.1', [['Host', 'localhost']]);

/* |request| gets |status| and the connection ends; what stands behind it gets nothing. */
async function refusedOnce(t, server, request, status) {
  for (let i = 0; i < 20; i += 1) {
    const connection = await connectTls(t, server);
    connection.send(request);
    connection.send(SMUGGLED);
    assert.equal((await connection.response()).status, status);
    assert.equal((await connection.closed()).toString(), '');
    connection.socket.destroy();
  }
  return `status ${status} and the end`;
}

const host = ['Host', 'localhost'];
const HEADS = [
  [
    'optimistic data behind a refused upgrade',
    404,
    head('GET /nowhere HTTP/1.1', upgradeFields('localhost')),
  ],
  ['optimistic data behind CONNECT', 501, head('CONNECT localhost:443 HTTP/1.1', [host])],
  [
    'two lengths',
    400,
    head('POST / HTTP/1.1', [host, ['Content-Length', '5'], ['Transfer-Encoding', 'chunked']]),
  ],
  ['a head over the limit', 431, head('GET / HTTP/1.1', [host, ['X', 'x'.repeat(20_000)]])],
  ['a body over the limit', 413, head('POST / HTTP/1.1', [host, ['Content-Length', '1048577']])],
];

/* ---- QUIC: datagrams of somebody who is nobody */

const DATAGRAMS = 20_000;
const DATAGRAMS_A_TURN = 100;

async function datagrams(server, make) {
  const socket = dgram.createSocket('udp4');
  let bytesIn = 0;
  let bytesOut = 0;
  socket.on('message', ({ length }) => {
    bytesOut += length;
  });
  socket.connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  for (let n = 0; n < DATAGRAMS; n += 1) {
    const datagram = make(n);
    bytesIn += datagram.length;
    socket.send(datagram, () => {});
    if (n % DATAGRAMS_A_TURN === 0) {
      await turn();
    }
  }
  socket.close();
  assert.ok(bytesOut < bytesIn, `${bytesOut} bytes for ${bytesIn}`);
  return `${bytesOut} bytes for ${bytesIn}`;
}

function shortPacket(n) {
  const bytes = Buffer.alloc(60, 'n');
  bytes[0] = 0x40;
  bytes.writeUInt32BE(n, 1);
  return bytes;
}

function longPacket(version) {
  return (n) => {
    const bytes = Buffer.alloc(1200, 'l');
    bytes[0] = 0xc0;
    bytes.writeUInt32BE(version, 1);
    bytes[5] = 8;
    bytes.writeUInt32BE(n, 6);
    bytes[14] = 0;
    return bytes;
  };
}

const ATTACKS = [
  ...HTTP2_ATTACKS.map(([name, attack]) => [`h2 ${name}`, attack]),
  ...HEADS.map(([name, status, request]) => [
    `h1 ${name}`,
    (t, server) => refusedOnce(t, server, request, status),
  ]),
  ['h3 datagrams for unknown connections', (t, server) => datagrams(server, shortPacket)],
  ['h3 unknown versions', (t, server) => datagrams(server, longPacket(0x1a2a3a4a))],
  ['h3 first packets that are none', (t, server) => datagrams(server, longPacket(1))],
];

/* ---- bystanders */

/* Between two echoes, so that bystanders leave the machine to the attack. */
const PAUSE_MS = 10;

/* Echoes one message after the other until it is stopped; |echoes| counts. */
class Bystander {
  echoes = 0;
  #stopped = false;

  constructor(name, peer) {
    this.name = name;
    this.peer = peer;
    this.done = this.#run();
    this.done.catch(() => {});
  }

  async #run() {
    while (!this.#stopped) {
      const text = `echo ${this.echoes}`;
      const got = await this.peer.echo(TEXT, text);
      assert.deepEqual([got.type, got.payload?.toString()], ['message', text]);
      this.echoes += 1;
      await pause(PAUSE_MS);
    }
  }

  count() {
    return this.echoes;
  }

  stop() {
    this.#stopped = true;
    return this.done;
  }
}

async function openBystanders(t, server) {
  const h1 = await (await connectTls(t, server)).openSocket();
  const h2 = await (await connectHttp2(t, server)).openSocket();
  const { page } = await openChromium(t, server, 'h3', { netLog: false });
  await page.evaluate(echoForEver, {
    url: `wss://${server.authority}/echo`,
    pauseMs: PAUSE_MS,
  });
  await server.log.waitFor('ws.open', { http: 'h3' });
  return [
    new Bystander('h1', h1),
    new Bystander('h2', h2),
    { name: 'h3', count: () => page.evaluate(() => window.echoes), stop: () => {} },
  ];
}

function counts(bystanders) {
  return Promise.all(bystanders.map((bystander) => bystander.count()));
}

/* Waits until each has echoed more than |before|, and returns how much each has then. */
async function awaitMore(bystanders, before) {
  let now = before;
  const isSilent = (_, i) => now[i] <= before[i];
  const deadline = Date.now() + EVENT_MS;
  while (bystanders.some(isSilent)) {
    const silent = bystanders.filter(isSilent).map(({ name }) => name);
    assert.ok(Date.now() < deadline, `no echo over ${silent} in ${EVENT_MS} ms`);
    await pause(PAUSE_MS);
    now = await counts(bystanders);
  }
  return now;
}

test('attackers are stopped, others feel nothing', { timeout: LONG_TEST_MS }, async (t) => {
  const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
  const bystanders = await openBystanders(t, server);
  for (const [, attack] of ATTACKS) {
    await attack(t, server); /* the allocator, and tables that keep their size, warm up */
  }
  for (const [name, attack] of ATTACKS) {
    await t.test(name, async () => {
      const before = await counts(bystanders);
      const memory = server.residentKib();
      const stoppedBy = await attack(t, server);
      const after = await awaitMore(bystanders, before);
      const echoes = bystanders.map((b, i) => `${b.name} ${after[i] - before[i]}`).join(', ');
      const memoryAfter = server.residentKib();
      console.log(
        `attacks: ${name} | stopped by ${stoppedBy} | bystander ${echoes} echoes | ` +
          `memory ${memory}/${memoryAfter} KiB`,
      );
      assert.ok(memoryAfter <= memory + GROWTH_MAX_KIB);
    });
  }
  await Promise.all(bystanders.map((bystander) => bystander.stop()));
  const closed = server.log.records('ws.close', { http: 'h3' });
  assert.deepEqual(closed, [], 'the socket over h3 has lived through all of it');
});
