/* U1 to U5, U8: the HTTP/1.1 Upgrade, request by request through raw TLS. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { encodeFrame, FrameReader, TEXT } from './support/frames.mjs';
import { TEST_MS } from './support/limits.mjs';
import {
  connectTls,
  head,
  SAMPLE_ACCEPT,
  SAMPLE_KEY,
  tokens,
  upgradeFields,
} from './support/raw_http1.mjs';
import { startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

async function assertEchoes(peer, text = 'upgraded') {
  const echo = await peer.echo(TEXT, text);
  assert.equal(echo.type, 'message');
  assert.equal(echo.payload.toString(), text);
}

function assertAccepted(response) {
  assert.equal(response.status, 101);
  assert.deepEqual(tokens(response.headers.upgrade), ['websocket']);
  assert.ok(tokens(response.headers.connection).includes('upgrade'));
  assert.equal(response.headers['sec-websocket-accept'], SAMPLE_ACCEPT);
  assert.equal(response.headers['content-length'], undefined);
  assert.equal(response.headers['transfer-encoding'], undefined);
}

test('U1: the sample key gets the sample accept value', { timeout: TEST_MS }, async (t) => {
  const connection = await connectTls(t, server);
  assertAccepted(await connection.upgrade('/echo'));
  await assertEchoes(connection.frames());
});

for (const [name, changes] of [
  ['Upgrade in any case', { Upgrade: 'WebSocket' }],
  ['websocket among other tokens', { Upgrade: 'foo/2,websocket , bar' }],
  ['Connection among other tokens, in any case', { Connection: 'keep-alive, UPGRADE' }],
  ['field names in any case', { Upgrade: undefined, uPGRADE: 'websocket' }],
  ['no space behind the colon', { Upgrade: undefined, 'X-Before': '1\r\nUpgrade:websocket' }],
  ['Upgrade in two lines', { Upgrade: 'foo\r\nUpgrade: websocket' }],
  ['Connection in two lines', { Connection: 'keep-alive\r\nConnection: upgrade' }],
  [
    'an Origin, extensions and other fields',
    { Origin: 'https://example.com', 'Sec-WebSocket-Extensions': 'x-unknown; a=1', 'X-Other': 'y' },
  ],
]) {
  test(`U2: ${name} is accepted`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectTls(t, server);
    assertAccepted(await connection.upgrade('/echo', changes));
    await assertEchoes(connection.frames());
  });
}

for (const [name, changes] of [
  ['no Connection', { Connection: undefined }],
  ['Connection: keep-alive', { Connection: 'keep-alive' }],
  ['Connection: upgrade-not', { Connection: 'upgrade-not' }],
  ['Upgrade: websocket2', { Upgrade: 'websocket2' }],
  ['Upgrade: TLS/1.2', { Upgrade: 'TLS/1.2' }],
]) {
  test(
    `U2: with ${name} the upgrade is ignored: 426, and the connection lives`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectTls(t, server);
      const response = await connection.upgrade('/echo', changes);
      assert.equal(response.status, 426);
      assert.equal((await connection.get('/')).status, 200);
    },
  );
}

for (const upgrade of ['TLS/1.0', 'foo', 'h2c, TLS/1.2, HTTP/2.0']) {
  test(
    `U3: Upgrade: ${upgrade} is passed over, the connection stays HTTP/1.1 and alive`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectTls(t, server);
      for (let i = 0; i < 2; i += 1) {
        const response = await connection.get('/', [
          ['Upgrade', upgrade],
          ['Connection', 'Upgrade'],
        ]);
        assert.equal(response.status, 200);
        assert.equal(response.headers.upgrade, undefined);
      }
    },
  );
}

for (const path of ['/echo', '/hello']) {
  test(
    `U4: a GET of ${path} without an upgrade gets 426 with both fields`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectTls(t, server);
      const response = await connection.get(path);
      assert.equal(response.status, 426);
      assert.deepEqual(tokens(response.headers.upgrade), ['websocket']);
      assert.ok(tokens(response.headers.connection).includes('upgrade'));
      assert.equal((await connection.get('/')).status, 200, 'the connection lives');
    },
  );
}

for (const version of ['12', '8', '14', '013']) {
  test(
    `U5: version ${version} gets 426 and Sec-WebSocket-Version: 13`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectTls(t, server);
      const response = await connection.upgrade('/echo', { 'Sec-WebSocket-Version': version });
      assert.equal(response.status, 426);
      assert.equal(response.headers['sec-websocket-version'], '13');
    },
  );
}

for (const [name, changes] of [
  ['a missing key', { 'Sec-WebSocket-Key': undefined }],
  ['an empty key', { 'Sec-WebSocket-Key': '' }],
  ['two keys', { 'Sec-WebSocket-Key': `${SAMPLE_KEY}\r\nSec-WebSocket-Key: ${SAMPLE_KEY}` }],
  ['a key of 15 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(15, 7).toString('base64') }],
  ['a key of 17 bytes', { 'Sec-WebSocket-Key': Buffer.alloc(17, 7).toString('base64') }],
  ['a key that is not base64', { 'Sec-WebSocket-Key': '!!hlIHNhbXBsZSBub25jZQ==' }],
  ['a key without padding', { 'Sec-WebSocket-Key': SAMPLE_KEY.slice(0, -2) }],
  ['a missing Host', { Host: undefined }],
  ['two Hosts', { Host: 'localhost\r\nHost: localhost' }],
]) {
  test(`U5: ${name} gets 400`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectTls(t, server);
    assert.equal((await connection.upgrade('/echo', changes)).status, 400);
  });
}

for (const [name, startLine, more] of [
  ['POST', 'POST /echo HTTP/1.1', [['Content-Length', '0']]],
  ['PUT', 'PUT /echo HTTP/1.1', [['Content-Length', '0']]],
  ['HTTP/1.0', 'GET /echo HTTP/1.0', []],
]) {
  test(`U5: an upgrade with ${name} gets 400`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectTls(t, server);
    connection.send(head(startLine, [...upgradeFields(connection.authority), ...more]));
    assert.equal((await connection.response()).status, 400);
  });
}

test('U5: a plain GET without Host gets 400', { timeout: TEST_MS }, async (t) => {
  const connection = await connectTls(t, server);
  connection.send('GET / HTTP/1.1\r\n\r\n');
  assert.equal((await connection.response()).status, 400);
});

test(
  'U8: pipelined GETs before an upgrade are answered in order, frames behind it are frames',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    const host = [['Host', connection.authority]];
    connection.send(
      Buffer.concat([
        Buffer.from(head('GET / HTTP/1.1', host)),
        Buffer.from(head('GET /no-such-path HTTP/1.1', host)),
        Buffer.from(head('HEAD / HTTP/1.1', host)),
        Buffer.from(head('GET /echo HTTP/1.1', upgradeFields(connection.authority))),
        encodeFrame(TEXT, Buffer.from('in the same flight')),
      ]),
    );
    assert.equal((await connection.response()).status, 200);
    assert.equal((await connection.response()).status, 404);
    assert.equal((await connection.response({ method: 'HEAD' })).status, 200);
    assertAccepted(await connection.response());
    const peer = connection.frames();
    assert.equal((await peer.next()).payload.toString(), 'in the same flight');
    await assertEchoes(peer, 'and on');
  },
);

test(
  'U8: a connection is kept alive for many requests, and closed when asked',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    for (let i = 0; i < 20; i += 1) {
      assert.equal((await connection.get('/')).status, 200);
    }
    const last = await connection.get('/', [['Connection', 'close']]);
    assert.equal(last.status, 200);
    assert.ok(tokens(last.headers.connection).includes('close'));
    assert.equal((await connection.closed()).length, 0);
  },
);

test(
  'U8: an HTTP/1.0 GET is answered, and its connection closed',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    connection.send(head('GET / HTTP/1.0', [['Host', connection.authority]]));
    assert.equal((await connection.response()).status, 200);
    await connection.closed();
  },
);

test(
  'U1: an upgrade that arrives a byte at a time is accepted',
  { timeout: TEST_MS },
  async (t) => {
    const connection = await connectTls(t, server);
    connection.socket.setNoDelay(true);
    const bytes = Buffer.concat([
      Buffer.from(head('GET /echo HTTP/1.1', upgradeFields(connection.authority))),
      encodeFrame(TEXT, Buffer.from('slowly')),
    ]);
    for (const byte of bytes) {
      connection.send(Buffer.from([byte]));
    }
    assertAccepted(await connection.response());
    assert.equal((await connection.frames().next()).payload.toString(), 'slowly');
  },
);

test('the frame reader of these tests notices a faulty frame of a server', () => {
  for (const fault of [
    [0x81, 0x81],
    [0xc1, 0x01],
    [0x83, 0x00],
    [0x09, 0x00],
    [0x82, 0x7e, 0, 1],
  ]) {
    assert.throws(() => new FrameReader(() => {}).push(Buffer.from([...fault, 0, 0, 0, 0, 0])));
  }
});
