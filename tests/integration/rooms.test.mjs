/* /rooms/NAME: members over different HTTP versions hear each other; the page is one of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { BINARY } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { TEST_MS } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { binaryPayload, textPayload } from './support/payloads.mjs';
import { startServer, startServerForBrowser, startSharedServer } from './support/server.mjs';

const MESSAGE_BYTES_MAX = 65536;

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

/* A member, whatever carries it: next() is the next event, or a binary message as { binary }. */
async function joinOverHttp1(t, name, on = server) {
  const socket = await openWs(t, on, `/rooms/${name}`);
  return {
    socket,
    async next() {
      const { data, isBinary } = await nextMessage(socket);
      return isBinary ? { binary: data } : JSON.parse(data);
    },
    say: (text) => socket.send(text),
    sendBinary: (data) => socket.send(data),
    leave: () => socket.close(1000),
  };
}

async function joinOverHttp2(t, name, on = server) {
  const connection = await connectHttp2(t, on);
  const peer = await connection.openSocket(`/rooms/${name}`);
  return {
    peer,
    async next() {
      const thing = await peer.next();
      assert.equal(thing.type, 'message');
      return thing.opcode === BINARY ? { binary: thing.payload } : JSON.parse(thing.payload);
    },
    say: (text) => peer.sendText(text),
    sendBinary: (data) => peer.send(BINARY, data),
    leave: () => peer.close(1000),
  };
}

const JOINS = { 'http/1.1': joinOverHttp1, h2: joinOverHttp2 };

async function joinAndRead(t, http, name, count) {
  const member = await JOINS[http](t, name);
  const { id, ...welcome } = await member.next();
  assert.deepEqual(welcome, { event: 'welcome', room: name, count, http });
  return Object.assign(member, { id });
}

test(
  'members over HTTP/1.1 and HTTP/2 see each other come, speak and go',
  { timeout: TEST_MS },
  async (t) => {
    const first = await joinAndRead(t, 'http/1.1', 'tea', 1);
    const second = await joinAndRead(t, 'h2', 'tea', 2);
    assert.notEqual(first.id, second.id);
    assert.deepEqual(await first.next(), { event: 'join', id: second.id, count: 2 });

    for (const [speaker, text] of [
      [first, 'hello h2'],
      [second, 'hello h1'],
    ]) {
      speaker.say(text);
      for (const member of [first, second]) {
        assert.deepEqual(await member.next(), { event: 'message', id: speaker.id, text });
      }
    }
    first.leave();
    assert.deepEqual(await second.next(), { event: 'leave', id: first.id, count: 1 });
    await second.leave();
    await joinAndRead(t, 'h2', 'tea', 1);
  },
);

test('a text comes back exactly, whatever is in it', { timeout: TEST_MS }, async (t) => {
  const speaker = await joinAndRead(t, 'http/1.1', 'texts', 1);
  const listener = await joinAndRead(t, 'h2', 'texts', 2);
  await speaker.next(); /* of the join */
  const everyControl = String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code));
  for (const text of [
    '',
    '"quoted" and \\back\\slashed/',
    everyControl,
    '\u007f\u0080\u2028\u2029\ufeff \u{1d11e}',
    '<b onclick="alert(1)">&amp;</b>',
    '{"event":"leave","id":1,"count":0}',
    '\u0001'.repeat(MESSAGE_BYTES_MAX),
    textPayload(MESSAGE_BYTES_MAX),
  ]) {
    speaker.say(text);
    for (const member of [speaker, listener]) {
      const said = await member.next();
      assert.ok(said.text === text, `${JSON.stringify(text.slice(0, 40))} came back changed`);
      assert.equal(said.id, speaker.id);
    }
  }
});

test('binary messages are relayed as they are', { timeout: TEST_MS }, async (t) => {
  const first = await joinAndRead(t, 'http/1.1', 'bytes', 1);
  const second = await joinAndRead(t, 'h2', 'bytes', 2);
  await first.next();
  for (const [speaker, size] of [
    [first, 0],
    [second, 1],
    [first, MESSAGE_BYTES_MAX],
    [second, MESSAGE_BYTES_MAX],
  ]) {
    const data = binaryPayload(size);
    speaker.sendBinary(data);
    for (const member of [first, second]) {
      assert.ok(data.equals((await member.next()).binary), `${size} bytes`);
    }
  }
});

test('what is said in a room stays in it', { timeout: TEST_MS }, async (t) => {
  const one = await joinAndRead(t, 'http/1.1', 'one', 1);
  const other = await joinAndRead(t, 'http/1.1', 'One', 1);
  one.say('secret');
  await one.next();
  other.say('public');
  assert.deepEqual(await other.next(), { event: 'message', id: other.id, text: 'public' });
});

test(
  'a message of 65,537 bytes closes its sender with 1009, and the others learn of it',
  { timeout: TEST_MS },
  async (t) => {
    const listener = await joinAndRead(t, 'h2', 'long', 1);
    const speaker = await joinAndRead(t, 'http/1.1', 'long', 2);
    await listener.next();
    speaker.say('x'.repeat(MESSAGE_BYTES_MAX + 1));
    const { code, reason } = await nextClose(speaker.socket);
    assert.equal(code, 1009);
    assert.match(reason, /65536/);
    assert.deepEqual(await listener.next(), { event: 'leave', id: speaker.id, count: 1 });
  },
);

test('a name that is none is answered 404', { timeout: TEST_MS }, async (t) => {
  const connection = await connectHttp2(t, server);
  for (const name of ['', 'a/b', 'a%20b', '%41', 'ä', 'a+b', 'n'.repeat(65), 'a/']) {
    const { status } = await connection.connect(`/rooms/${encodeURI(name).replace(/%25/g, '%')}`);
    assert.equal(status, 404, name);
  }
  for (const name of ['a', 'n'.repeat(64), 'A-Z_0.9']) {
    await joinAndRead(t, 'h2', name, 1);
  }
});

test('a member that vanishes has left', { timeout: TEST_MS }, async (t) => {
  const listener = await joinAndRead(t, 'h2', 'gone', 1);
  const vanishing = await joinAndRead(t, 'http/1.1', 'gone', 2);
  await listener.next();
  vanishing.socket.terminate();
  assert.deepEqual(await listener.next(), { event: 'leave', id: vanishing.id, count: 1 });
});

test(
  'W6: a member that does not read misses messages, and nobody waits for it',
  { timeout: TEST_MS },
  async (t) => {
    const small = await startServer(t, { args: ['--max-queue', '262144'] });
    const speaker = await joinOverHttp2(t, 'slow', small);
    const slow = await joinOverHttp1(t, 'slow', small);
    await speaker.next();
    await speaker.next();
    await slow.next();
    slow.socket.pause();
    const count = 400;
    const filler = 'x'.repeat(60_000);
    for (let i = 0; i < count; i += 1) {
      speaker.say(`${i} ${filler}`);
      assert.ok((await speaker.next()).text.startsWith(`${i} `));
    }
    slow.socket.resume();
    const heard = [];
    for (let isBack = false; !isBack; ) {
      slow.say('back'); /* dropped, like the others, while its own queue is full */
      const { text } = await slow.next();
      isBack = text === 'back';
      if (!isBack) {
        heard.push(Number.parseInt(text, 10));
      }
    }
    assert.ok(heard.length < count, 'the slow member missed something');
    assert.deepEqual(heard, [...heard].sort((a, b) => a - b), 'and nothing came out of order');
    await speaker.peer.close(1000);
    slow.leave();
    const [closed] = await small.log.waitFor('ws.close', { http: 'http/1.1' });
    assert.ok(Number(closed.messages_dropped) > 0, closed.line);
  },
);

const SHOWN = { 'http/1.1': 'HTTP/1.1', h2: 'HTTP/2', h3: 'HTTP/3' };

const textOf = (page, id) =>
  page.$eval(`[data-testid="${id}"]`, (element) => element.textContent);

/* Waits until the panel says so, in its list of events or in its line of state. */
function panelSays(page, id, text) {
  return page.waitForFunction(
    (selector, wanted) => document.querySelector(selector).textContent.includes(wanted),
    {},
    `[data-testid="${id}"]`,
    text,
  );
}

for (const http of ['http/1.1', 'h2', 'h3']) {
  test(
    `the page's panel joins a room over ${http} and meets a member over HTTP/1.1`,
    { timeout: TEST_MS },
    async (t) => {
      const browsed = await startServerForBrowser(t);
      const { page } = await openChromium(t, browsed, http, { page: '/' });
      const faults = [];
      page.on('pageerror', (error) => faults.push(String(error)));
      await page.$eval('[data-testid="room-name"]', (input) => {
        input.value = 'page-1';
      });
      await page.click('[data-testid="room-join"]');
      await page.waitForSelector(`[data-testid="room-state"][data-http="${http}"]`);
      const state = await textOf(page, 'room-state');
      assert.ok(state.includes('In page-1') && state.includes('1 member'), state);
      assert.ok(state.includes(SHOWN[http]), state);

      const member = await joinOverHttp1(t, 'page-1', browsed);
      const { id, count } = await member.next();
      assert.equal(count, 2);
      await panelSays(page, 'room-state', '2 members');
      await panelSays(page, 'room-events', `${id} joined`);

      const markup = '<img src=x onerror="document.title=1"> "&amp;"';
      member.say(markup);
      assert.equal((await member.next()).text, markup);
      await panelSays(page, 'room-events', markup);
      assert.equal(await page.$('[data-testid="room-events"] img'), null, 'text is no markup');
      member.sendBinary(Buffer.alloc(5));
      assert.equal((await member.next()).binary.length, 5);
      await panelSays(page, 'room-events', '5 bytes');

      await page.type('[data-testid="room-text"]', 'from the page');
      await page.click('[data-testid="room-send"]');
      const { text, id: speaker } = await member.next();
      assert.equal(text, 'from the page');
      assert.notEqual(speaker, id);
      await panelSays(page, 'room-events', `${speaker} (you): from the page`);

      await page.click('[data-testid="room-leave"]');
      assert.deepEqual(await member.next(), { event: 'leave', id: speaker, count: 1 });
      await panelSays(page, 'room-state', 'Left page-1 (1000');
      await page.click('[data-testid="room-join"]');
      await panelSays(page, 'room-state', '2 members');
      assert.deepEqual(faults, []);
      const opened = await browsed.log.waitFor('ws.open', { path: '/rooms/page-1', http }, 2);
      assert.equal(opened.length, http === 'http/1.1' ? 3 : 2);
    },
  );
}
