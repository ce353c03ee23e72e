/*
 * E3, E4 over HTTP/2: what a faulty client sends ends its own socket or stream with
 * the right code, and disturbs nothing else on the connection.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectHttp2 } from './support/http2_client.mjs';
import { BINARY, CLOSE, CONTINUATION, encodeFrame, PING, TEXT } from './support/frames.mjs';
import { TEST_MS } from './support/limits.mjs';
import {
  connectRawHttp2,
  errorCode,
  GOAWAY,
  HEADERS,
  PROTOCOL_ERROR,
  RST_STREAM,
} from './support/raw_http2.mjs';
import { startSharedServer } from './support/server.mjs';

let server;
before(async () => {
  server = await startSharedServer();
});
after(() => server.cleanUp());

const hello = Buffer.from('hello');

const FAULTY_FRAMES = [
  ['W1: an unmasked frame', 1002, encodeFrame(TEXT, hello, { mask: false })],
  ['W1: the reserved opcode 3', 1002, encodeFrame(0x3, hello)],
  ['W1: the reserved control opcode 11', 1002, encodeFrame(0xb, hello)],
  ['W1: RSV1 without an extension', 1002, encodeFrame(TEXT, hello, { rsv: 4 })],
  ['W1: RSV3', 1002, encodeFrame(BINARY, hello, { rsv: 1 })],
  ['W1: a continuation of nothing', 1002, encodeFrame(CONTINUATION, hello)],
  [
    'W1: a new message inside another',
    1002,
    Buffer.concat([encodeFrame(TEXT, hello, { fin: false }), encodeFrame(TEXT, hello)]),
  ],
  ['W1: a fragmented ping', 1002, encodeFrame(PING, hello, { fin: false })],
  ['W1: a ping of 126 bytes', 1002, encodeFrame(PING, Buffer.alloc(126))],
  [
    'W1: a length in more bytes than needed',
    1002,
    Buffer.from([0x82, 0xfe, 0x00, 0x01, 0, 0, 0, 0, 0x2a]),
  ],
  [
    'W1: a length with its top bit set',
    1002,
    Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  ],
  [
    'W1: a message longer than any limit',
    1009,
    Buffer.from([0x82, 0xff, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
  ],
  ['W1: a Close of one byte', 1002, encodeFrame(CLOSE, Buffer.from([3]))],
  ['W1: a Close with the code 1005', 1002, encodeFrame(CLOSE, Buffer.from([0x03, 0xed]))],
  ['W1: a Close with the code 999', 1002, encodeFrame(CLOSE, Buffer.from([0x03, 0xe7]))],
  [
    'W2: a Close reason that is not UTF-8',
    1007,
    encodeFrame(CLOSE, Buffer.from([0x03, 0xe8, 0xc0, 0xaf])),
  ],
  ['W2: an overlong sequence', 1007, encodeFrame(TEXT, Buffer.from([0x68, 0xc0, 0xaf]))],
  ['W2: a surrogate', 1007, encodeFrame(TEXT, Buffer.from([0xed, 0xa0, 0x80]))],
  ['W2: a character cut off at the end', 1007, encodeFrame(TEXT, Buffer.from([0xf0, 0x9d, 0x84]))],
  [
    'W2: the first bad byte of a fragment, the message unfinished',
    1007,
    encodeFrame(TEXT, Buffer.from([0x68, 0xff]), { fin: false }),
  ],
];

async function assertEchoes(peer) {
  const echo = await peer.echo(TEXT, 'still here');
  assert.equal(echo.type, 'message');
  assert.equal(echo.payload.toString(), 'still here');
}

for (const [name, code, bytes] of FAULTY_FRAMES) {
  test(
    `${name} is closed with ${code} and disturbs nothing else`,
    { timeout: TEST_MS },
    async (t) => {
      const connection = await connectHttp2(t, server);
      const [faulty, sibling] = [await connection.openSocket(), await connection.openSocket()];
      const { id } = server.log.records('ws.open', { http: 'h2', stream: faulty.stream.id }).at(-1);
      faulty.write(bytes);
      const close = await faulty.next();
      assert.deepEqual([close.type, close.code], ['close', code]);
      await assertEchoes(sibling);
      faulty.stream.end();
      const end = await faulty.next();
      assert.ok(['end', 'reset'].includes(end.type), `${end.type} came after the Close frame`);
      const [closed] = await server.log.waitFor('ws.close', { id });
      assert.equal(closed.code, String(code));
      await assertEchoes(sibling);
      assert.equal((await connection.fetch('/')).status, 200);
      assert.equal(connection.goaway, undefined);
    },
  );
}

const CONNECT_FIELDS = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'https'],
  [':path', '/echo'],
  [':authority', 'localhost'],
  ['sec-websocket-version', '13'],
];

function without(name) {
  return CONNECT_FIELDS.filter(([field]) => field !== name);
}

function withMethod(method) {
  return CONNECT_FIELDS.map(([name, value]) => [name, name === ':method' ? method : value]);
}

const GET_FIELDS = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'localhost'],
];

const MALFORMED = [
  ['E3: extended CONNECT without :scheme', without(':scheme')],
  ['E3: extended CONNECT without :path', without(':path')],
  ['E3: :protocol with GET', withMethod('GET')],
  ['E3: :protocol with POST', withMethod('POST')],
  ...[
    ['connection', 'upgrade'],
    ['upgrade', 'websocket'],
    ['transfer-encoding', 'chunked'],
    ['keep-alive', 'timeout=5'],
  ].flatMap((field) => [
    [`E4: ${field[0]} in extended CONNECT`, [...CONNECT_FIELDS, field]],
    [`E4: ${field[0]} in a GET`, [...GET_FIELDS, field]],
  ]),
];

for (const [name, fields] of MALFORMED) {
  test(`${name} is the stream error PROTOCOL_ERROR`, { timeout: TEST_MS }, async (t) => {
    const connection = await connectRawHttp2(t, server);
    connection.headers(1, fields, { endStream: fields.some(([, value]) => value === 'GET') });
    const answer = await connection.answer(1);
    assert.notEqual(answer.type, GOAWAY, 'the connection was given up');
    assert.equal(answer.type, RST_STREAM, 'a response came instead of a reset');
    assert.equal(errorCode(answer), PROTOCOL_ERROR);

    connection.headers(3, GET_FIELDS, { endStream: true });
    assert.equal((await connection.answer(3)).type, HEADERS, 'the connection serves on');
    await connection.ping();
  });
}

test(
  'a connection whose peer vanishes in the midst of a frame ends with 1006',
  { timeout: TEST_MS },
  async (t) => {
    const [vanishing, staying] = [await connectHttp2(t, server), await connectHttp2(t, server)];
    const peers = await Promise.all([1, 2, 3].map(() => vanishing.openSocket()));
    const sibling = await staying.openSocket();
    const greeter = await vanishing.openSocket('/hello');
    const { conn } = JSON.parse((await greeter.next()).payload);
    peers[0].write(encodeFrame(TEXT, hello).subarray(0, 5));
    vanishing.session.destroy();
    const closed = await server.log.waitFor('ws.close', { http: 'h2', conn, code: 1006 }, 4);
    assert.equal(closed.length, 4);
    await assertEchoes(sibling);
  },
);
