/*
 * E9: a server that drains. New sockets are refused, the open ones get Close 1001 one by one over
 * --drain-seconds, GOAWAY follows the last socket of a connection, and the exit code is 0.
 */
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { openFirefox } from './support/firefox.mjs';
import { encodeClose } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { openInBatches, talkUntilClosed } from './support/in_page.mjs';
import { EVENT_MS, LONG_TEST_MS, TEST_MS, within } from './support/limits.mjs';
import { openWs } from './support/npm_ws.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

const DRAIN_SECONDS = 5;
const DRAIN = ['--drain-seconds', String(DRAIN_SECONDS)];
const PAUSE_MS = 50;
const GOING_AWAY = 1001;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Echoes on a socket of npm ws until it closes: { code, echoes, wrong }. */
function talkWs(socket) {
  return new Promise((resolve) => {
    const seen = { echoes: 0, wrong: 0 };
    const say = () => {
      if (socket.readyState === socket.OPEN) {
        socket.send(`message ${seen.echoes}`);
      }
    };
    socket.on('message', (data) => {
      seen.wrong += data.toString() === `message ${seen.echoes}` ? 0 : 1;
      seen.echoes += 1;
      setTimeout(say, PAUSE_MS);
    });
    socket.on('close', (code) => resolve({ ...seen, code }));
    say();
  });
}

/* The same on a FramePeer, which sees whatever comes after the Close. */
async function talkFrames(peer) {
  const seen = { echoes: 0, wrong: 0 };
  for (;;) {
    peer.sendText(`message ${seen.echoes}`);
    const thing = await peer.next();
    if (thing.type !== 'message') {
      peer.code = thing.code;
      peer.write(encodeClose(thing.code));
      const after = await peer.next();
      peer.stream.end();
      return { ...seen, code: thing.code, after: after.type };
    }
    seen.wrong += thing.payload.toString() === `message ${seen.echoes}` ? 0 : 1;
    seen.echoes += 1;
    await pause(PAUSE_MS);
  }
}

const timeOf = ({ line }) => Date.parse(line.split(' ')[0]);

/* The first and the last close of the log are apart by most of the time. */
function assertApart(records, seconds) {
  const times = records.map(timeOf);
  const spanMs = Math.max(...times) - Math.min(...times);
  assert.ok(spanMs >= 0.75 * seconds * 1000, `closed within ${spanMs} ms`);
}

/* And no part of it has much more than its share. For clients that answer at once. */
function assertSpread(records, startMs, seconds) {
  assertApart(records, seconds);
  const times = records.map(timeOf);
  for (let part = 1; part < 4; part += 1) {
    const share = times.filter((time) => time < startMs + (part * seconds * 1000) / 4).length;
    const expected = (part * times.length) / 4;
    assert.ok(
      Math.abs(share - expected) < 0.2 * times.length,
      `${share} of ${times.length} had closed after ${part} of 4 parts of the time`,
    );
  }
}

function assertAllGoneAway(ends, extra = {}) {
  for (const { echoes, wrong, ...end } of ends) {
    assert.ok(echoes > 0, 'messages flowed');
    assert.equal(wrong, 0);
    assert.deepEqual(end, { code: GOING_AWAY, ...extra });
  }
}

function connectRefused(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', ({ code }) => resolve(code));
    socket.on('connect', () => {
      socket.destroy();
      resolve('connected');
    });
  });
}

/* An h2 connection with |count| sockets; notes how many of them had no Close when GOAWAY came. */
async function openHttp2(t, server, count) {
  const connection = await connectHttp2(t, server);
  const peers = await Promise.all(Array.from({ length: count }, () => connection.openSocket()));
  connection.session.on('goaway', () => {
    connection.openAtGoaway ??= peers.filter(({ code }) => code === undefined).length;
  });
  const closed = new Promise((resolve) => connection.session.once('close', resolve));
  return { connection, peers, closed };
}

test(
  'E9: 300 sockets on HTTP/1.1 and 300 on HTTP/2 are closed one by one while they talk',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const server = await startServer(t, { args: DRAIN });
    const sockets = [];
    for (let i = 0; i < 10; i += 1) {
      sockets.push(...(await Promise.all(Array.from({ length: 25 }, () => openWs(t, server)))));
    }
    const raw = [];
    for (let i = 0; i < 50; i += 1) {
      raw.push(await (await connectTls(t, server)).openSocket());
    }
    const http2 = [];
    for (let i = 0; i < 6; i += 1) {
      http2.push(await openHttp2(t, server, 50));
    }
    const peers = http2.flatMap((each) => each.peers);
    const wsEnds = sockets.map(talkWs);
    const peerEnds = [...raw, ...peers].map(talkFrames);
    await pause(500);

    const stopped = server.stop();
    const [started] = await server.log.waitFor('drain.start');
    assert.equal(started.sockets, '600');
    assert.equal(started.ms, String(DRAIN_SECONDS * 1000));
    const [{ connection }] = http2;
    const refused = await connection.connect('/echo');
    assert.equal(refused.status, 503);
    const seconds = Number(refused.headers['retry-after']);
    assert.ok(seconds >= 1 && seconds <= DRAIN_SECONDS + 6, `retry-after: ${seconds}`);
    assert.equal((await connection.fetch('/')).status, 200);
    assert.equal(await connectRefused(server.port), 'ECONNREFUSED');

    assertAllGoneAway(await Promise.all(wsEnds));
    assertAllGoneAway(await Promise.all(peerEnds), { after: 'end' });
    await stopped;
    for (const each of http2) {
      await within(EVENT_MS, 'an h2 connection to end', each.closed);
      assert.equal(each.connection.goaway?.code, 0);
      assert.equal(each.connection.openAtGoaway, 0);
    }
    for (const http of ['http/1.1', 'h2']) {
      const records = server.log.records('ws.close', { http, code: GOING_AWAY, clean: 1 });
      assert.equal(records.length, 300);
      assertSpread(records, timeOf(started), DRAIN_SECONDS);
    }
    /* The sockets of one connection do not go together either. */
    const conns = new Set(server.log.records('ws.close', { http: 'h2' }).map(({ conn }) => conn));
    assert.equal(conns.size, 6);
    for (const conn of conns) {
      assertSpread(server.log.records('ws.close', { conn }), timeOf(started), DRAIN_SECONDS);
    }
    const [ended] = server.log.records('drain.end');
    assert.deepEqual([ended.sockets, ended.dropped], ['600', '0']);
  },
);

test(
  'E9: the sockets of Chromium on HTTP/3 and of Firefox on HTTP/2 end with 1001, cleanly',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const count = 300;
    const server = await startServerForBrowser(t, { args: DRAIN });
    const chromium = await openChromium(t, server, 'h3');
    const firefox = await openFirefox(t, server, 'h2');
    const url = `wss://${server.authority}/echo`;
    /* A page of Chromium opens 255 sockets and no more. */
    const another = await chromium.browser.newPage();
    await another.goto(chromium.page.url());
    const pages = [chromium.page, another, firefox.page];
    for (const page of pages) {
      /* Chromium makes a page wait that has more than a few handshakes open. */
      const share = page === firefox.page ? { count, batch: 20 } : { count: count / 2, batch: 3 };
      await page.evaluate(openInBatches, { url, ...share });
      await page.evaluate(talkUntilClosed, { pauseMs: PAUSE_MS });
    }
    await pause(500);
    await server.stop();
    const ends = await Promise.all(pages.map((page) => page.evaluate(() => window.ends)));
    assert.equal(ends.flat().length, 2 * count);
    assertAllGoneAway(ends.flat(), { late: 0, wasClean: true });
    for (const http of ['h3', 'h2']) {
      const records = server.log.records('ws.close', { http, code: GOING_AWAY, clean: 1 });
      assert.equal(records.length, count, http);
      assertApart(records, DRAIN_SECONDS);
    }
  },
);

test('E9: a second signal ends a drain at once', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ['--drain-seconds', '3600'] });
  const connection = await connectHttp2(t, server);
  const peers = [await (await connectTls(t, server)).openSocket(), await connection.openSocket()];
  process.kill(server.pid, 'SIGTERM');
  await server.log.waitFor('drain.start');
  await server.stop();
  const ends = await Promise.all(peers.map((peer) => peer.next()));
  assert.ok(ends.some(({ type }) => type !== 'close'), 'one had an hour to go');
  const [ended] = server.log.records('drain.end');
  assert.deepEqual([ended.sockets, ended.dropped], ['2', '2']);
});
