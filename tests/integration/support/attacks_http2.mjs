/*
 * Attacks over HTTP/2, frame by frame: RFC 9113 section 10.5. HTTP2_ATTACKS has a name and a
 * function(t, server) for each, which asserts that it is stopped and says by what.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { encodeFrame, TEXT } from './frames.mjs';
import {
  connectRawHttp2,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  errorCode,
  fieldBlock,
  frame,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PRIORITY,
  PROTOCOL_ERROR,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './raw_http2.mjs';

const FLOW_CONTROL_ERROR = 0x3;
const CANCEL = 0x8;
const ENHANCE_YOUR_CALM = 0xb;
const NAMES = {
  [PROTOCOL_ERROR]: 'PROTOCOL_ERROR',
  [FLOW_CONTROL_ERROR]: 'FLOW_CONTROL_ERROR',
  [ENHANCE_YOUR_CALM]: 'ENHANCE_YOUR_CALM',
};

const CONNECT = [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  [':scheme', 'https'],
  [':path', '/echo'],
  [':authority', 'localhost'],
  ['sec-websocket-version', '13'],
];

const GET = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':path', '/'],
  [':authority', 'localhost'],
];

function uint32(...numbers) {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 * i));
  return bytes;
}

/* ---- floods: a step of each; |id| is a new stream's, |n| counts from 0 */

function open(id, fields = CONNECT) {
  return frame(HEADERS, END_HEADERS, id, fieldBlock(fields));
}

function bombBlock() {
  const name = Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]); /* a value of 3,900 bytes */
  const value = Buffer.alloc(3900, 'v');
  return Buffer.concat([fieldBlock(GET), name, value, Buffer.alloc(12_000, 0xbe)]);
}

const FLOODS = [
  [
    'rapid reset (CVE-2023-44487)',
    ENHANCE_YOUR_CALM,
    (id) => Buffer.concat([open(id), frame(RST_STREAM, 0, id, uint32(CANCEL))]),
  ],
  [
    'resets provoked by trailers (CVE-2025-8671)',
    ENHANCE_YOUR_CALM,
    (id) =>
      Buffer.concat([
        open(id),
        frame(HEADERS, END_HEADERS | END_STREAM, id, fieldBlock([['x', 'y']])),
      ]),
  ],
  [
    'resets provoked by bad fields (CVE-2025-8671)',
    ENHANCE_YOUR_CALM,
    (id) => open(id, [...GET, ['Upper', 'case']]),
  ],
  [
    'CONTINUATION flood (CVE-2024-27316)',
    ENHANCE_YOUR_CALM,
    (id, n) =>
      Buffer.concat([
        ...(n === 0 ? [frame(HEADERS, 0, 1001, fieldBlock(GET))] : []),
        frame(CONTINUATION, 0, 1001, fieldBlock([['x', 'y']])),
      ]),
  ],
  [
    'SETTINGS flood',
    ENHANCE_YOUR_CALM,
    (id, n) => frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 255, n % 256])),
  ],
  ['PING flood', ENHANCE_YOUR_CALM, () => frame(PING, 0, 0, Buffer.alloc(8))],
  [
    'PRIORITY flood',
    ENHANCE_YOUR_CALM,
    (id) => frame(PRIORITY, 0, id, Buffer.from([0, 0, 0, 0, 15])),
  ],
  ['empty DATA flood', ENHANCE_YOUR_CALM, () => frame(DATA, 0, 1)],
  [
    'flood of DATA that is padding',
    ENHANCE_YOUR_CALM,
    () => frame(DATA, PADDED, 1, Buffer.from([3, 0, 0, 0])),
  ],
  ['WINDOW_UPDATE flood', ENHANCE_YOUR_CALM, () => frame(WINDOW_UPDATE, 0, 0, uint32(1))],
  [
    'WINDOW_UPDATE overflow',
    FLOW_CONTROL_ERROR,
    () => frame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
  ],
  ['streams past the limit', ENHANCE_YOUR_CALM, (id) => open(id)],
  [
    'HPACK bombs',
    ENHANCE_YOUR_CALM,
    (id) => frame(HEADERS, END_HEADERS | END_STREAM, id, bombBlock()),
  ],
];

const STEPS_A_WRITE = 50;
const WRITES_MAX = 1000;

async function openOnStream1(connection) {
  connection.headers(1, CONNECT);
  assert.equal((await connection.answer(1)).type, HEADERS);
}

/* Sends steps until the server has had enough; returns the code that it ends with. */
async function flood(t, server, step) {
  const connection = await connectRawHttp2(t, server);
  await openOnStream1(connection);
  const goaway = connection.next('a GOAWAY', ({ type }) => type === GOAWAY);
  let over = false;
  const stopped = goaway.finally(() => {
    over = true;
  });
  stopped.catch(() => {});
  for (let write = 0, n = 0; write < WRITES_MAX && !over; write += 1) {
    const steps = Array.from({ length: STEPS_A_WRITE }, () => {
      n += 1;
      return step(999 + 2 * n, n - 1);
    });
    if (!connection.socket.write(Buffer.concat(steps))) {
      await Promise.race([once(connection.socket, 'drain'), stopped]).catch(() => {});
    }
    await turn();
  }
  const code = errorCode(await stopped);
  connection.socket.destroy();
  return code;
}

/* A message on the socket of stream 1 comes back, whatever is done to its siblings. */
async function echoOnStream1(connection) {
  connection.data(1, encodeFrame(TEXT, Buffer.from('beside')));
  const { payload } = await connection.next(
    'the echo on stream 1',
    ({ type, streamId, payload: { length } }) => type === DATA && streamId === 1 && length > 0,
  );
  assert.equal(payload.subarray(2).toString(), 'beside');
}

async function bombOnce(t, server) {
  const connection = await connectRawHttp2(t, server);
  await openOnStream1(connection);
  connection.socket.write(frame(HEADERS, END_HEADERS | END_STREAM, 3, bombBlock()));
  const answer = await connection.answer(3);
  assert.deepEqual([answer.type, errorCode(answer)], [RST_STREAM, ENHANCE_YOUR_CALM]);
  await echoOnStream1(connection);
  connection.socket.destroy();
  return 'RST_STREAM ENHANCE_YOUR_CALM';
}

/* Sockets whose windows stay shut, with an echo queued in each. */
async function holdWindows(t, server, window) {
  const connection = await connectRawHttp2(t, server);
  await openOnStream1(connection);
  const settings = Buffer.concat([Buffer.from([0, 4]), uint32(window)]);
  connection.socket.write(
    Buffer.concat([
      frame(SETTINGS, 0, 0, settings),
      frame(WINDOW_UPDATE, 0, 1, uint32(65_535 - window)),
    ]),
  );
  const message = encodeFrame(TEXT, Buffer.alloc(10_000, 'm'));
  for (let id = 3; id < 103; id += 2) {
    connection.headers(id, CONNECT);
    assert.equal((await connection.answer(id)).type, HEADERS);
    connection.data(id, message);
    await echoOnStream1(connection);
  }
  await connection.ping();
  connection.socket.destroy();
  return 'its own window';
}

export const HTTP2_ATTACKS = [
  ...FLOODS.map(([name, code, step]) => [
    name,
    async (t, server) => {
      const got = await flood(t, server, step);
      assert.equal(NAMES[got] ?? got, NAMES[code]);
      return `GOAWAY ${NAMES[code]}`;
    },
  ]),
  ['HPACK bomb, one', bombOnce],
  ['zero windows held open', (t, server) => holdWindows(t, server, 0)],
  ['windows of one byte', (t, server) => holdWindows(t, server, 1)],
];
