/*
 * E5, E6, W6: one socket that does not read, among a hundred: the others do not notice, its peer is
 * stopped by flow control, and the release build holds little for it. What the test of the same
 * name in tests/contract does in memory, with clients that others wrote and real sockets.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { atEnd } from './support/cleanup.mjs';
import { BINARY, encodeClose, encodeFrame } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { openInBatches, openPusher, timeEchoes } from './support/in_page.mjs';
import { BIG_MESSAGE_MS, EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { watchMemory } from './support/memory.mjs';
import { binaryPayload, MIB } from './support/payloads.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { RELEASE_BINARY, startServerForBrowser } from './support/server.mjs';

const SOCKETS = 100;
const WARM_UP_ROUNDS = 10;
const ROUNDS = 10;

const MESSAGE_BYTES = 64 * 1024;
const MESSAGES = (64 * MIB) / MESSAGE_BYTES;
/* No two are equal. */
const RANDOM = binaryPayload(MESSAGE_BYTES + MESSAGES);
const message = (n) => RANDOM.subarray(n, n + MESSAGE_BYTES);

/* A pusher that has not moved for so long, while others do, is taken to stand still. */
const STILL_MS = 1000;

/* What may be held for a slow socket: base_limits.h. */
const WINDOW_KIB = 256;
const QUEUE_KIB = 1024;
const MESSAGE_KIB = MESSAGE_BYTES / 1024;
/* Buffers that double as they grow, what is encrypted and on its way, half-used pages. */
const SLACK_KIB = 1536;

/* A stream window of node:http2, and as much again in the buffer of the stream. */
const NODE_UNREAD_KIB = 128;

/* Few at once: Chromium delays new sockets by 2^pending / 65,536 times 1 to 5 seconds. */
const CHROMIUM_BATCH = 8;

/* ---- the others, on one connection: timeEchoes(rounds) returns how long each echo took, ms */

async function openOthersOfNode(connection, count) {
  const peers = await Promise.all(Array.from({ length: count }, () => connection.openSocket()));
  const echo = async (peer, text) => {
    const start = performance.now();
    peer.sendText(text);
    const thing = await peer.next();
    assert.deepEqual([thing.type, thing.payload?.toString()], ['message', text]);
    return performance.now() - start;
  };
  return {
    async timeEchoes(rounds) {
      const times = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const [index, peer] of peers.entries()) {
          times.push(await echo(peer, `round ${round} of socket ${index}`));
        }
      }
      return times;
    },
  };
}

async function openOthersOfChromium({ page, url }, count) {
  await page.evaluate(openInBatches, { url, count, batch: CHROMIUM_BATCH });
  return {
    timeEchoes: (rounds) =>
      within(EVENT_MS, 'the others to echo', page.evaluate(timeEchoes, { rounds })),
  };
}

/*
 * ---- the slow one: state() is { sent, waits }, how many messages it could send and whether the
 * next one has to wait; readOn() resolves when all messages came back as they were sent
 */

async function openSlowOfNode(peer) {
  peer.send(BINARY, message(0));
  assert.ok(message(0).equals((await peer.next()).payload));
  const state = { sent: 0, waits: false };
  const push = async () => {
    for (; state.sent < MESSAGES; state.sent += 1) {
      if (!peer.write(encodeFrame(BINARY, message(state.sent)))) {
        state.waits = true;
        await once(peer.stream, 'drain');
        state.waits = false;
      }
    }
  };
  return {
    start() {
      peer.stream.pause();
      push().catch(() => {}); /* it fails with the stream, and then the reader tells */
    },
    state: async () => ({ ...state }),
    async readOn() {
      peer.stream.resume();
      for (let n = 0; n < MESSAGES; n += 1) {
        const thing = await peer.next(BIG_MESSAGE_MS);
        assert.ok(thing.type === 'message' && message(n).equals(thing.payload), `message ${n}`);
      }
    },
  };
}

async function openSlowOfChromium({ page, url }) {
  await page.evaluate(openPusher, { url, size: MESSAGE_BYTES, count: MESSAGES });
  return {
    start: () =>
      page.evaluate(() => {
        window.pusher.push();
      }),
    state: () => page.evaluate(() => ({ sent: window.pusher.sent, waits: window.pusher.waits })),
    readOn: () => page.evaluate(() => window.pusher.read()),
  };
}

/* ---- a slow one among others */

const p99 = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)];

/* The others go round until the slow one has stood still for a while; returns its state. */
async function waitUntilStill(slow, others) {
  let last = await slow.state();
  for (let since = performance.now(); performance.now() - since < STILL_MS; ) {
    await others.timeEchoes(1);
    const now = await slow.state();
    if (now.sent !== last.sent) {
      since = performance.now();
    }
    last = now;
  }
  return last;
}

/* Returns how many messages the slow one could send before it stood still. */
async function assertIsolated(t, server, slow, others) {
  await others.timeEchoes(WARM_UP_ROUNDS);
  const without = p99(await others.timeEchoes(ROUNDS));

  const memory = watchMemory(server);
  atEnd(t, () => memory.stop());
  await slow.start();
  const still = await waitUntilStill(slow, others);
  const times = await others.timeEchoes(ROUNDS);
  assert.equal(times.length, (SOCKETS - 1) * ROUNDS);
  assert.deepEqual(still, { sent: still.sent, waits: true });
  assert.ok(still.sent < MESSAGES, 'it stands still before all was sent');
  assert.deepEqual(await slow.state(), still, 'and while the others go round');
  const grown = memory.grown();
  assert.ok(
    grown < WINDOW_KIB + QUEUE_KIB + MESSAGE_KIB + SLACK_KIB,
    `memory grew by ${grown} KiB from ${memory.before}`,
  );

  const start = performance.now();
  await within(BIG_MESSAGE_MS, 'all to come back', slow.readOn());
  const seconds = (performance.now() - start) / 1000;
  t.diagnostic(
    `stood still after ${(still.sent * MESSAGE_KIB) / 1024} MiB; memory ${memory.before} KiB, ` +
      `grew by ${grown} KiB, while it read on by ${memory.stop()} KiB (${seconds.toFixed(1)} s)`,
  );
  t.diagnostic(
    `p99 of an echo of the others ${p99(times).toFixed(2)} ms, ` +
      `without the slow one ${without.toFixed(2)} ms`,
  );
  return still.sent;
}

const openSlowOverHttp1 = async (t, server) =>
  openSlowOfNode(await (await connectTls(t, server)).openSocket());

/* Chromium on h3 with a page of |server|, and the URL of its echo. */
async function browse(t, server, options) {
  const { page, finish } = await openChromium(t, server, 'h3', options);
  return { page, finish, url: `wss://${server.authority}/echo` };
}

/* By the server's log: the sockets of |http| are |count|, and on one connection. */
async function assertCarried(server, http, count) {
  const opened = await server.log.waitFor('ws.open', { http }, count);
  assert.equal(opened.length, count);
  assert.equal(new Set(opened.map(({ conn }) => conn)).size, 1);
}

/* By Chromium's net log. */
async function assertCarriedByHttp3({ finish, url }, count) {
  const carriers = (await finish()).sockets(url).map(({ carrier }) => carrier);
  assert.deepEqual(carriers, Array(count).fill('h3'));
}

test(
  'E5 E6: of a hundred sockets on one h2 connection, one that does not read stops itself alone',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
    const connection = await connectHttp2(t, server);
    const slow = await openSlowOfNode(await connection.openSocket());
    const others = await openOthersOfNode(connection, SOCKETS - 1);
    const sentKib = (await assertIsolated(t, server, slow, others)) * MESSAGE_KIB;
    const heldMaxKib = WINDOW_KIB + QUEUE_KIB + MESSAGE_KIB + NODE_UNREAD_KIB;
    assert.ok(sentKib <= heldMaxKib, `one stream window and no more, but it sent ${sentKib} KiB`);
    await assertCarried(server, 'h2', SOCKETS);
  },
);

test(
  'E5 E6: of a hundred sockets on one h3 connection, one that does not read stops itself alone',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
    /* A net log doubles the time of 64 MiB; the other test of h3 has one, with the same flags. */
    const browser = await browse(t, server, { netLog: false });
    const slow = await openSlowOfChromium(browser);
    const others = await openOthersOfChromium(browser, SOCKETS - 1);
    await assertIsolated(t, server, slow, others);
    await assertCarried(server, 'h3', SOCKETS);
  },
);

test(
  'E6: a socket over HTTP/1.1 that does not read stops itself, and nobody over h2',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
    const slow = await openSlowOverHttp1(t, server);
    const others = await openOthersOfNode(await connectHttp2(t, server), SOCKETS - 1);
    await assertIsolated(t, server, slow, others);
    await assertCarried(server, 'http/1.1', 1);
    await assertCarried(server, 'h2', SOCKETS - 1);
  },
);

test(
  'E6: a socket over HTTP/1.1 that does not read stops itself, and nobody over h3',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
    const slow = await openSlowOverHttp1(t, server);
    const browser = await browse(t, server);
    const others = await openOthersOfChromium(browser, SOCKETS - 1);
    await assertIsolated(t, server, slow, others);
    await assertCarried(server, 'http/1.1', 1);
    await assertCarried(server, 'h3', SOCKETS - 1);
    await assertCarriedByHttp3(browser, SOCKETS - 1);
  },
);

/* ---- a room with a member that does not read */

const BROADCASTS = 320;
const BROADCASTS_AT_ONCE = 8; /* half of a queue: nobody who reads misses one */

/*
 * A member. listen(count) puts the numbers of so many of its messages behind |heard|, or of fewer
 * if a Close comes; events are passed over.
 */
function joinRoom(peer) {
  return {
    peer,
    heard: [],
    async listen(count) {
      for (const end = this.heard.length + count; this.heard.length < end; ) {
        const thing = await peer.next(BIG_MESSAGE_MS);
        if (thing.type === 'close') {
          return;
        }
        assert.equal(thing.type, 'message');
        if (thing.opcode === BINARY) {
          this.heard.push(numberOf(thing.payload));
        }
      }
    },
  };
}

/* The |n| of a message(n) that came back whole. */
function numberOf(payload) {
  const n = RANDOM.indexOf(payload);
  assert.ok(n >= 0 && payload.length === MESSAGE_BYTES, 'a message came back changed');
  return n;
}

const upTo = (count) => Array.from({ length: count }, (_, n) => n);

/* Message(0) to message(count - 1), no faster than the |listeners| hear them. */
async function broadcast(speaker, listeners, count) {
  for (let n = 0; n < count; ) {
    const end = Math.min(count, n + BROADCASTS_AT_ONCE);
    const more = end - n;
    for (; n < end; n += 1) {
      speaker.peer.send(BINARY, message(n));
    }
    await Promise.all(listeners.map((member) => member.listen(more)));
  }
  for (const { heard } of listeners) {
    assert.deepEqual(heard.splice(0), upTo(count), 'all, in order');
  }
}

for (const http of ['http/1.1', 'h2']) {
  test(
    `E5 W6: a member of a room over ${http} that does not read misses messages, the others none`,
    { timeout: TEST_MS },
    async (t) => {
      const server = await startServerForBrowser(t, { binary: RELEASE_BINARY });
      const connection = await connectHttp2(t, server);
      const join = async (how) =>
        joinRoom(
          how === 'h2'
            ? await connection.openSocket('/rooms/x')
            : await (await connectTls(t, server)).openSocket('/rooms/x'),
        );
      const speaker = await join('h2');
      const others = [speaker, await join('h2'), await join('http/1.1')];
      const slow = await join(http);
      await broadcast(speaker, [...others, slow], 2 * BROADCASTS_AT_ONCE);

      const memory = watchMemory(server);
      atEnd(t, () => memory.stop());
      slow.peer.stream.pause();
      await broadcast(speaker, others, BROADCASTS);
      const grown = memory.stop();
      slow.peer.stream.resume();
      slow.peer.write(encodeClose(1000));
      await slow.listen(Infinity); /* to the Close, which comes after what was queued */
      slow.peer.stream.end();

      const { heard } = slow;
      const inOrder = [...new Set(heard)].sort((a, b) => a - b);
      assert.deepEqual(heard, inOrder, 'in order, none twice');
      assert.ok(heard.length < BROADCASTS, 'it missed some');
      const [closed] = await server.log.waitFor('ws.close', { http, code: 1000 });
      assert.equal(Number(closed.messages_dropped), BROADCASTS - heard.length, closed.line);
      t.diagnostic(
        `it heard ${heard.length} of ${BROADCASTS}, ${closed.messages_dropped} were dropped; ` +
          `memory ${memory.before} KiB, grew by ${grown} KiB`,
      );
      const batchKib = BROADCASTS_AT_ONCE * MESSAGE_KIB;
      assert.ok(grown < QUEUE_KIB + batchKib + SLACK_KIB, `memory grew by ${grown} KiB`);
    },
  );
}
