/* npm `ws`, which speaks HTTP/1.1 alone, through `trisock connect --bridge` over each HTTP version. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import WebSocket from 'ws';
import { startBridge } from './support/bridge.mjs';
import { atEnd } from './support/cleanup.mjs';
import { BIG_MESSAGE_MS, EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { binaryPayload, MIB, SIZES, textPayload } from './support/payloads.mjs';
import { runTrisock, startServer, startSharedServer } from './support/server.mjs';

const NAMES = { 1.1: 'http/1.1', 2: 'h2', 3: 'h3' };

let server;
before(async () => {
  server = await startSharedServer({ args: ['--deflate', 'dedicated'] });
});
after(() => server.cleanUp());

/* Two whole fragments and the rest, so that sizes 0 and 1 have empty fragments. */
function sendInFragments(socket, data, binary) {
  const third = Math.ceil(data.length / 3);
  socket.send(data.subarray(0, third), { binary, fin: false });
  socket.send(data.subarray(third, 2 * third), { binary, fin: false });
  socket.send(data.subarray(2 * third), { binary, fin: true });
}

function sendWhole(socket, data, binary) {
  socket.send(data, { binary });
}

async function echo(socket, message, binary, send = sendWhole) {
  send(socket, message, binary);
  const { data, isBinary } = await nextMessage(socket, BIG_MESSAGE_MS);
  assert.equal(isBinary, binary, `the type of ${message.length} bytes`);
  assert.ok(message.equals(data), `${message.length} bytes, ${binary ? 'binary' : 'text'}`);
}

/* What a handshake that is refused is answered: { status, headers, body }. */
async function refusalOf(bridge, path, options = {}) {
  const socket = new WebSocket(`ws://${bridge.authority}${path}`, options);
  socket.on('error', () => {});
  const [, response] = await within(
    EVENT_MS,
    'a refusal at npm ws',
    once(socket, 'unexpected-response'),
  );
  let body = '';
  for await (const part of response) {
    body += part;
  }
  return { status: response.statusCode, headers: response.headers, body };
}

for (const version of ['1.1', '2', '3']) {
  describe(`over HTTP/${version}`, () => {
    for (const [how, send] of [
      ['whole', sendWhole],
      ['in fragments', sendInFragments],
    ]) {
      test(`0 bytes to 1 MiB, text and binary, ${how}`, { timeout: TEST_MS }, async (t) => {
        const bridge = await startBridge(t, server, { http: version });
        const socket = await openWs(t, bridge);
        for (const size of SIZES.filter((each) => each <= MIB)) {
          await echo(socket, Buffer.from(textPayload(size)), false, send);
          await echo(socket, binaryPayload(size), true, send);
        }
        socket.close(1000);
        assert.equal((await nextClose(socket)).code, 1000);
        const records = server.log.records('ws.open').filter((each) => each.path === '/echo');
        assert.equal(records.at(-1).http, NAMES[version]);
      });
    }

    test('permessage-deflate is agreed on end to end', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      const socket = await openWs(t, bridge, '/echo', { perMessageDeflate: { threshold: 0 } });
      assert.match(socket.extensions, /^permessage-deflate/);
      for (const size of [0, 1, 1000, 100_000, MIB]) {
        await echo(socket, Buffer.from(textPayload(size)), false);
        await echo(socket, binaryPayload(size), true);
      }
      const before = socket._socket.bytesRead;
      await echo(socket, Buffer.from(textPayload(MIB)), false);
      assert.ok(socket._socket.bytesRead - before < MIB / 10, 'it is compressed');
    });

    test('a ping between fragments gets its pong first', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      const socket = await openWs(t, bridge);
      const order = [];
      socket.on('pong', (data) => order.push(`pong ${data}`));
      socket.on('message', (data) => order.push(`message ${data}`));
      socket.send('frag', { fin: false });
      socket.ping('are you there');
      socket.send('ments', { fin: true });
      await nextMessage(socket);
      assert.deepEqual(order, ['pong are you there', 'message fragments']);
    });

    test('close codes and reasons come back', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      for (const [code, reason] of [
        [1000, ''],
        [1001, 'going'],
        [4999, 'tschüß 𝄞'],
        [4000, 'r'.repeat(123)],
      ]) {
        const socket = await openWs(t, bridge);
        socket.close(code, reason);
        assert.deepEqual(await nextClose(socket), { code, reason });
        await server.log.waitFor('ws.close', { http: NAMES[version], code });
      }
      const socket = await openWs(t, bridge);
      socket.close();
      assert.deepEqual(await nextClose(socket), { code: 1005, reason: '' });
    });

    test('fields of both ends reach the other', { timeout: TEST_MS }, async (t) => {
      const args = ['--subprotocol', 'chat,superchat', '--origin', 'https://page.example'];
      const own = await startServer(t, { args });
      const bridge = await startBridge(t, own, { http: version });
      const origin = 'https://page.example';
      const socket = new WebSocket(`ws://${bridge.authority}/hello?a=b%20c`, ['no', 'superchat'], {
        origin,
      });
      atEnd(t, () => socket.terminate());
      const [greeting] = await within(EVENT_MS, 'the greeting', once(socket, 'message'));
      assert.equal(JSON.parse(greeting).http, NAMES[version]);
      assert.equal(socket.protocol, 'superchat');
      const pushed = await openWs(t, bridge, '/push?size=37', { origin });
      assert.equal((await nextMessage(pushed)).data.length, 37, 'the query counts');
      const refused = await refusalOf(bridge, '/echo', { origin: 'https://elsewhere.example' });
      assert.equal(refused.status, 403);
      assert.equal(refused.headers['alt-svc'], undefined, 'that is about another address');
    });

    test('a refusal comes back with its status', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      const open = await openWs(t, bridge);
      assert.equal((await refusalOf(bridge, '/nowhere')).status, 404);
      await echo(open, Buffer.from('still here'), false);
    });

    test('fifty sockets at once', { timeout: TEST_MS }, async (t) => {
      const connections = new Set();
      const opened = server.log.records('ws.open').length;
      const bridge = await startBridge(t, server, { http: version });
      const sockets = await Promise.all(Array.from({ length: 50 }, () => openWs(t, bridge)));
      await Promise.all(
        sockets.map((socket, i) => echo(socket, Buffer.from(textPayload(i * 997)), false)),
      );
      for (const record of server.log.records('ws.open').slice(opened)) {
        connections.add(record.conn);
      }
      assert.equal(connections.size, version === '1.1' ? 50 : 1);
      await Promise.all(
        sockets.map(async (socket) => {
          const closed = nextClose(socket);
          socket.close(1000);
          assert.equal((await closed).code, 1000);
        }),
      );
    });

    test('a client that is cut off is gone at the server', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      const socket = await openWs(t, bridge);
      const closes = server.log.records('ws.close').length;
      socket.terminate();
      await server.log.waitFor('ws.close', {}, closes + 1);
      assert.equal(server.log.records('ws.close').at(-1).code, '1006');
    });

    test(
      'a lost connection ends its sockets, and the next has a new one',
      { timeout: TEST_MS },
      async (t) => {
        const first = await startServer(t, { args: ['--close-timeout', '100'] });
        const bridge = await startBridge(t, first, { http: version });
        const socket = await openWs(t, bridge);
        const closed = nextClose(socket);
        await first.stop();
        assert.equal((await closed).code, 1001); /* the server's own word */
        const unreached = await refusalOf(bridge, '/echo');
        assert.ok([502, 504].includes(unreached.status), `${unreached.status}`);
        assert.notEqual(unreached.body, '');
        await startServer(t, { listen: [first.authority] });
        const next = await openWs(t, bridge);
        await echo(next, Buffer.from('again'), false);
      },
    );

    test('Ctrl-C ends the sockets and then the bridge', { timeout: TEST_MS }, async (t) => {
      const bridge = await startBridge(t, server, { http: version });
      const socket = await openWs(t, bridge);
      await echo(socket, Buffer.from('hello'), false);
      const closes = server.log.records('ws.close').length;
      const closed = nextClose(socket);
      await bridge.stop();
      assert.equal((await closed).code, 1006); /* no frame can be put between theirs */
      await server.log.waitFor('ws.close', {}, closes + 1);
    });
  });
}

for (const version of ['2', '3']) {
  test(
    `over HTTP/${version} a full connection has another one opened`,
    { timeout: TEST_MS },
    async (t) => {
      const own = await startServer(t, { args: ['--max-streams', '10'] });
      const bridge = await startBridge(t, own, { http: version });
      const sockets = await Promise.all(Array.from({ length: 25 }, () => openWs(t, bridge)));
      await Promise.all(sockets.map((socket) => echo(socket, Buffer.from('here'), false)));
      const connections = new Set(own.log.records('ws.open').map(({ conn }) => conn));
      assert.equal(connections.size, 3);
    },
  );
}

test('what is no handshake is told to be one', { timeout: TEST_MS }, async (t) => {
  const bridge = await startBridge(t, server, { http: '2' });
  const response = await fetch(`http://${bridge.authority}/echo`);
  assert.equal(response.status, 426);
});

test('a certificate that is not trusted is a 502 that says so', { timeout: TEST_MS }, async (t) => {
  for (const version of ['2', '3']) {
    const bridge = await startBridge(t, server, { http: version, ca: false });
    const { status, body } = await refusalOf(bridge, '/echo');
    assert.equal(status, 502);
    assert.match(body, /certificate/);
    assert.match((await bridge.stop()).stderr, /certificate/);
  }
});

test('a server without extended CONNECT is a 502 that says so', { timeout: TEST_MS }, async (t) => {
  const own = await startServer(t, { args: ['--no-extended-connect'] });
  const bridge = await startBridge(t, own, { http: '2' });
  const { status, body } = await refusalOf(bridge, '/echo');
  assert.equal(status, 502);
  assert.match(body, /SETTINGS_ENABLE_CONNECT_PROTOCOL/);
});

test('only loopback is listened on', { timeout: TEST_MS }, async () => {
  for (const listen of ['0.0.0.0:0', '[::]:0', 'example.com:80', '192.0.2.1:8080']) {
    const args = ['connect', '--bridge', listen, `wss://${server.authority}`];
    const { code, stderr } = await runTrisock(args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /--bridge/);
  }
});
