/* N2 to N5: what is negotiated, and what never is, through raw TLS and TCP. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { connectHttp2 } from './support/http2_client.mjs';
import { TEXT } from './support/frames.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import {
  connectTcp,
  connectTls,
  head,
  HTTP2_PREFACE,
  SAMPLE_ACCEPT,
  tokens,
  upgradeFields,
} from './support/raw_http1.mjs';
import { startServer, startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer({ cleartext: true });
});
after(() => server.cleanUp());

/* A client's SETTINGS in base64url, as RFC 7540 section 3.2 had it. */
const H2C = [
  ['Upgrade', 'h2c'],
  ['Connection', 'Upgrade, HTTP2-Settings'],
  ['HTTP2-Settings', 'AAMAAABkAAQAoAAAAAIAAAAA'],
];

async function assertServes(connection) {
  const response = await connection.get('/');
  assert.equal(response.status, 200);
  assert.match(response.body.toString(), /<html|<!doctype html/i);
}

for (const [offered, chosen] of [
  [['h2', 'http/1.1'], 'h2'],
  [['http/1.1', 'h2'], 'h2'],
  [['http/1.1'], 'http/1.1'],
  [['foo', 'http/1.1'], 'http/1.1'],
]) {
  test(
    `N2: of ALPN ${offered.join(', ')} the server chooses ${chosen}`,
    { timeout: TEST_MS },
    async (t) => {
      const { socket } = await connectTls(t, server, { alpn: offered });
      assert.equal(socket.alpnProtocol, chosen);
    },
  );
}

test('N2: a client without ALPN speaks http/1.1', { timeout: TEST_MS }, async (t) => {
  const connection = await connectTls(t, server, { alpn: null });
  assert.equal(connection.socket.alpnProtocol, false);
  await assertServes(connection);
  const peer = await connection.openSocket();
  assert.equal((await peer.echo(TEXT, 'no ALPN')).payload.toString(), 'no ALPN');
});

async function handshakeError(port, options) {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
  try {
    const error = await within(
      EVENT_MS,
      'the TLS handshake to fail',
      Promise.race([
        once(socket, 'error').then(([reason]) => reason),
        once(socket, 'secureConnect').then(
          () => undefined,
          (reason) => reason,
        ),
      ]),
    );
    assert.ok(error, `the handshake succeeded with ALPN ${socket.alpnProtocol}`);
    return error;
  } finally {
    socket.destroy();
  }
}

for (const version of ['TLSv1.3', 'TLSv1.2']) {
  test(`N2: ALPN foo gets the alert 120 in ${version}`, { timeout: TEST_MS }, async () => {
    const error = await handshakeError(server.port, {
      ALPNProtocols: ['foo'],
      minVersion: version,
      maxVersion: version,
    });
    assert.match(error.message, /alert number 120/);
  });
}

test('N2: ALPN h3 over TCP gets the alert 120', { timeout: TEST_MS }, async () => {
  const error = await handshakeError(server.port, { ALPNProtocols: ['h3'] });
  assert.match(error.message, /alert number 120/);
});

test(
  'N2: ALPN h2 gets the alert 120 where only http/1.1 is offered',
  { timeout: TEST_MS },
  async (t) => {
    const only = await startServer(t, { http: '1.1' });
    assert.deepEqual(only.offered, ['http/1.1']);
    assert.match(
      (await handshakeError(only.port, { ALPNProtocols: ['h2'] })).message,
      /alert number 120/,
    );
    await assertServes(await connectTls(t, only));
  },
);

test('N1: TLS 1.1 is refused', { timeout: TEST_MS }, async () => {
  const error = await handshakeError(server.port, {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT:@SECLEVEL=0',
  });
  assert.match(error.message, /alert number (70|40)|protocol version|unsupported protocol/i);
});

test(
  'N3: Upgrade: h2c alone is ignored, and so are HTTP2-Settings',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    const response = await connection.get('/', H2C);
    assert.equal(response.status, 200);
    assert.equal(response.headers.upgrade, undefined);
    await assertServes(connection);
  },
);

test(
  'N3: Upgrade: h2c alone on a WebSocket route gets 426 to websocket',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    const response = await connection.get('/echo', H2C);
    assert.equal(response.status, 426);
    assert.deepEqual(tokens(response.headers.upgrade), ['websocket']);
  },
);

for (const list of ['h2c, websocket', 'websocket, h2c', 'h2c, foo/1, WebSocket']) {
  test(
    `N3: of Upgrade: ${list} only websocket is ever selected`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectTls(t, server);
      const response = await connection.upgrade('/echo', {
        Upgrade: list,
        Connection: 'Upgrade, HTTP2-Settings',
        'HTTP2-Settings': 'AAMAAABkAAQAoAAAAAIAAAAA',
      });
      assert.equal(response.status, 101);
      assert.deepEqual(tokens(response.headers.upgrade), ['websocket']);
      assert.equal(response.headers['sec-websocket-accept'], SAMPLE_ACCEPT);
      const peer = connection.frames();
      assert.equal((await peer.echo(TEXT, 'not h2c')).payload.toString(), 'not h2c');
    },
  );
}

async function assertPrefaceRefused(connection) {
  connection.send(HTTP2_PREFACE);
  const response = await connection.response();
  assert.ok(response.status >= 400, `status ${response.status}`);
  assert.equal((await connection.closed()).toString(), '', 'nothing behind the one response');
}

test(
  'N3: the HTTP/2 preface where http/1.1 was negotiated gets an error and is closed',
  { timeout: TEST_MS },
  async (t) => assertPrefaceRefused(await connectTls(t, server)),
);

test(
  'N3: the HTTP/2 preface where no ALPN was sent gets an error and is closed',
  { timeout: TEST_MS },
  async (t) => assertPrefaceRefused(await connectTls(t, server, { alpn: null })),
);

test(
  'N3: the HTTP/2 preface on the cleartext port gets an error and is closed',
  { timeout: TEST_MS },
  async (t) => assertPrefaceRefused(await connectTcp(t, server.cleartextPort)),
);

test(
  'N3: the HTTP/2 preface behind an http/1.1 request gets an error and is closed',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    await assertServes(connection);
    await assertPrefaceRefused(connection);
  },
);

for (const [what, startLine, fields] of [
  ['a GET of /', 'GET / HTTP/1.1', (host) => [['Host', host]]],
  [
    'a POST with a body',
    'POST /echo HTTP/1.1',
    (host) => [
      ['Host', host],
      ['Content-Length', '0'],
    ],
  ],
  ['a path that is not there', 'GET /no-such-path HTTP/1.1', (host) => [['Host', host]]],
  ['a correct WebSocket handshake', 'GET /echo HTTP/1.1', (host) => upgradeFields(host)],
  ['Upgrade: h2c', 'GET / HTTP/1.1', (host) => [['Host', host], ...H2C]],
]) {
  test(`N4: the cleartext port answers 426 to ${what}`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectTcp(t, server.cleartextPort);
    connection.send(head(startLine, fields(connection.authority)));
    const response = await connection.response();
    assert.equal(response.status, 426);
    assert.equal(response.headers.upgrade, 'TLS/1.2, HTTP/1.1');
    assert.ok(tokens(response.headers.connection).includes('upgrade'), response.headers.connection);
  });
}

test('N4: there is no cleartext port unless asked for', { timeout: TEST_MS }, async (t) => {
  const plain = await startServer(t);
  assert.doesNotMatch(plain.stdout(), /http:\/\//);
  const connection = await connectTcp(t, plain.port);
  connection.send(head('GET / HTTP/1.1', [['Host', plain.authority]]));
  assert.doesNotMatch((await connection.closed()).toString('latin1'), /^HTTP\/1\.1 [123]/);
});

test('N5: Alt-Svc on h1 and h2 responses names the port of h3', { timeout: TEST_MS }, async (t) => {
  const expected = new RegExp(`h3=":${server.port}"; ?ma=\\d+`);
  const h1 = await (await connectTls(t, server)).get('/');
  assert.match(h1.headers['alt-svc'] ?? 'no Alt-Svc', expected);
  const h2 = await (await connectHttp2(t, server)).fetch('/');
  assert.match(h2.headers['alt-svc'] ?? 'no Alt-Svc', expected);
});

test('N5: no Alt-Svc where h3 is off', { timeout: TEST_MS }, async (t) => {
  const without = await startServer(t, { http: '1.1,2' });
  assert.deepEqual(without.offered, ['h2', 'http/1.1']);
  const h1 = await (await connectTls(t, without)).get('/');
  assert.equal(h1.headers['alt-svc'], undefined);
  const h2 = await (await connectHttp2(t, without)).fetch('/');
  assert.equal(h2.headers['alt-svc'], undefined);
});
