/* vanished peers, half-closed connections and the polite end, over h1 and h2. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { encodeClose, encodeFrame, PING, TEXT } from './support/frames.mjs';
import { identity } from './support/identity.mjs';
import { openSockets } from './support/in_page.mjs';
import { BROWSER_MS, EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, openWs } from './support/npm_ws.mjs';
import { start } from './support/processes.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { startServer, startServerForBrowser, startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

async function assertEchoes(peer) {
  const echo = await peer.echo(TEXT, 'still here');
  assert.equal(echo.type, 'message');
  assert.equal(echo.payload.toString(), 'still here');
}

/* Opens a socket by |open| and returns it with the server's id for it. */
async function withId(open) {
  const before = server.log.records('ws.open').length;
  const peer = await open();
  const [{ id }] = (await server.log.waitFor('ws.open', {}, before + 1)).slice(-1);
  return { peer, id };
}

async function assertLoggedClose(id, code) {
  const [closed] = await server.log.waitFor('ws.close', { id });
  assert.equal(closed.code, String(code));
}

test(
  'a client that is killed is 1006 on h1 and h2, others are not disturbed',
  { timeout: TEST_MS },
  async (t) => {
    const sibling = await (await connectHttp2(t, server)).openSocket();
    const before = server.log.records('ws.open').length;
    const script = fileURLToPath(new URL('support/vanishing_client.mjs', import.meta.url));
    const client = start(process.execPath, [script, server.origin, (await identity()).caFile]);
    t.after(() => client.child.kill('SIGKILL'));
    await within(
      EVENT_MS,
      'the client to be ready',
      Promise.race([
        once(client.child.stdout, 'data'),
        client.exited.then(({ stderr }) => assert.fail(stderr)),
      ]),
    );
    const opened = (await server.log.waitFor('ws.open', {}, before + 2)).slice(-2);
    assert.deepEqual(opened.map(({ http }) => http).sort(), ['h2', 'http/1.1']);
    client.child.kill('SIGKILL');
    for (const { id } of opened) {
      await assertLoggedClose(id, 1006);
    }
    await assertEchoes(sibling);
  },
);

test(
  'a Chromium that is killed is 1006 on h3 after the idle time',
  { timeout: TEST_MS },
  async (t) => {
    const own = await startServerForBrowser(t, {
      args: ['--ping-interval', '1000', '--idle-timeout', '5000'],
    });
    const { browser, page } = await openChromium(t, own, 'h3');
    await page.evaluate(openSockets, { url: `wss://${own.authority}/echo`, count: 2, messages: 1 });
    await own.log.waitFor('ws.open', { http: 'h3' }, 2);
    process.kill(-browser.process().pid, 'SIGKILL');
    const closed = await own.log.waitFor('ws.close', { http: 'h3' }, 2, BROWSER_MS);
    assert.deepEqual(
      closed.map(({ code }) => code),
      ['1006', '1006'],
    );
    await assertEchoes(await (await connectHttp2(t, own)).openSocket());
  },
);

test(
  'a connection cut in the midst of a message is 1006 on h1',
  { timeout: TEST_MS },
  async (t) => {
    const { peer, id } = await withId(async () => (await connectTls(t, server)).openSocket());
    peer.write(encodeFrame(TEXT, Buffer.from('half'), { fin: false }));
    await assertPong(peer);
    peer.stream.destroy();
    await assertLoggedClose(id, 1006);
  },
);

async function assertPong(peer) {
  peer.send(PING, 'there?');
  assert.equal((await peer.next()).type, 'pong');
}

test(
  'a half-closed h1 connection without a Close frame is 1006, ended by the server',
  { timeout: TEST_MS },
  async (t) => {
    const { peer, id } = await withId(async () => (await connectTls(t, server)).openSocket());
    peer.stream.end();
    const last = await peer.next();
    assert.ok(['end', 'reset'].includes(last.type), `${last.type} came after the end`);
    await assertLoggedClose(id, 1006);
  },
);

test(
  'a request cut off by the end of the connection is dropped in silence',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    connection.send('GET /echo HTTP/1.1\r\nHost: loc');
    connection.socket.end();
    await connection.closed();
    await assertEchoes(await (await connectHttp2(t, server)).openSocket());
  },
);

for (const [name, bytes, code] of [
  ['an unmasked frame', encodeFrame(TEXT, Buffer.from('x'), { mask: false }), 1002],
  ['bad UTF-8', encodeFrame(TEXT, Buffer.from([0xc0, 0xaf])), 1007],
  ['a reserved opcode', encodeFrame(0x7, Buffer.from('x')), 1002],
]) {
  test(
    `${name} on h1 is closed with ${code}, and the connection ends`,
    { timeout: TEST_MS },
    async (t) => {
      const { peer, id } = await withId(async () => (await connectTls(t, server)).openSocket());
      peer.write(bytes);
      const close = await peer.next();
      assert.deepEqual([close.type, close.code], ['close', code]);
      assert.ok(['end', 'reset'].includes((await peer.next()).type));
      await assertLoggedClose(id, code);
    },
  );
}

test(
  'W1: after the Close echo the server ends the h1 connection itself',
  { timeout: TEST_MS },
  async (t) => {
    const { peer, id } = await withId(async () => (await connectTls(t, server)).openSocket());
    peer.write(encodeClose(4003, 'end it'));
    assert.deepEqual(await peer.next(), { type: 'close', code: 4003, reason: 'end it' });
    assert.equal((await peer.next()).type, 'end');
    await assertLoggedClose(id, 4003);
  },
);

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(
    `${signal} gives open sockets Close 1001 and ends with 0`,
    { timeout: TEST_MS },
    async (t) => {
      const own = await startServer(t);
      const h1 = await openWs(t, own);
      const connection = await connectHttp2(t, own);
      const peers = await Promise.all(Array.from({ length: 10 }, () => connection.openSocket()));
      const closed = nextClose(h1);
      const stopped = own.stop(signal);
      assert.equal((await closed).code, 1001);
      for (const peer of peers) {
        const close = await peer.next();
        assert.deepEqual([close.type, close.code], ['close', 1001]);
        peer.write(encodeClose(1001));
        assert.equal((await peer.next()).type, 'end');
      }
      await stopped;
      const records = own.log.records('ws.close');
      assert.deepEqual(
        records.map(({ code }) => code),
        Array(11).fill('1001'),
      );
    },
  );
}

test(
  'SIGTERM gives the sockets of a Chromium on h3 Close 1001',
  { timeout: TEST_MS },
  async (t) => {
    const own = await startServerForBrowser(t);
    const { page } = await openChromium(t, own, 'h3');
    await page.evaluate(openSockets, { url: `wss://${own.authority}/echo`, count: 3, messages: 1 });
    await page.evaluate(() => {
      window.closeEvents = Promise.all(
        window.sockets.map(
          (socket) =>
            new Promise((resolve) => {
              socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean });
            }),
        ),
      );
    });
    assert.equal(own.log.records('ws.open', { http: 'h3' }).length, 3);
    await own.stop();
    assert.deepEqual(
      await page.evaluate(() => window.closeEvents),
      Array(3).fill({ code: 1001, wasClean: true }),
    );
  },
);

test(
  'SIGTERM ends the server although no peer answers its Close',
  { timeout: TEST_MS },
  async (t) => {
    const own = await startServer(t);
    const connection = await connectHttp2(t, own);
    const silent = [await (await connectTls(t, own)).openSocket(), await connection.openSocket()];
    const stopped = own.stop();
    for (const peer of silent) {
      assert.equal((await peer.next()).code, 1001);
    }
    await stopped;
  },
);
