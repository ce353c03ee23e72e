/*
 * HTTP/2 frames written by hand (RFC 9113): the requests that node's http2 module refuses to make.
 * Field blocks are literals without indexing or Huffman; responses are read only for their frame
 * types and error codes.
 */
import { once } from 'node:events';
import tls from 'node:tls';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { EVENT_MS, within } from './limits.mjs';

export const DATA = 0x0;
export const HEADERS = 0x1;
export const PRIORITY = 0x2;
export const RST_STREAM = 0x3;
export const SETTINGS = 0x4;
export const PING = 0x6;
export const GOAWAY = 0x7;
export const WINDOW_UPDATE = 0x8;
export const CONTINUATION = 0x9;
export const END_STREAM = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;
export const ACK = 0x1;
export const PROTOCOL_ERROR = 0x1;
export const SETTINGS_HEADER_TABLE_SIZE = 0x1;
export const SETTINGS_ENABLE_CONNECT_PROTOCOL = 0x8;

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type, flags, streamId, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(streamId, 5);
  return Buffer.concat([head, payload]);
}

export function fieldBlock(fields) {
  return Buffer.concat(
    fields.map(([name, value]) =>
      Buffer.concat([Buffer.from([0x00]), literal(name), literal(value)]),
    ),
  );
}

function literal(text) {
  const bytes = Buffer.from(text, 'latin1');
  if (bytes.length > 126) {
    throw new Error('a literal of at most 126 bytes');
  }
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

export async function connectRawHttp2(t, server) {
  const { ca } = await identity();
  const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca, ALPNProtocols: ['h2'] });
  atEnd(t, () => socket.destroy());
  const connection = new RawHttp2(socket);
  await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
  if (socket.alpnProtocol !== 'h2') {
    throw new Error(`ALPN chose ${socket.alpnProtocol}`);
  }
  const noTable = Buffer.from([0, SETTINGS_HEADER_TABLE_SIZE, 0, 0, 0, 0]);
  socket.write(Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, noTable)]));
  return connection;
}

class RawHttp2 {
  #buffer = Buffer.alloc(0);
  #frames = [];
  #wake = () => {};
  #ended = false;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.#buffer = Buffer.concat([this.#buffer, data]);
      this.#split();
      this.#wake();
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  #split() {
    while (this.#buffer.length >= 9) {
      const length = this.#buffer.readUIntBE(0, 3);
      if (this.#buffer.length < 9 + length) {
        return;
      }
      this.#onFrame({
        type: this.#buffer[3],
        flags: this.#buffer[4],
        streamId: this.#buffer.readUInt32BE(5) & 0x7fffffff,
        payload: this.#buffer.subarray(9, 9 + length),
      });
      this.#buffer = this.#buffer.subarray(9 + length);
    }
  }

  #onFrame(received) {
    if (received.type === SETTINGS && (received.flags & ACK) === 0) {
      this.socket.write(frame(SETTINGS, ACK, 0));
    }
    this.#frames.push(received);
  }

  /* The first frame, not taken before, for which |match| holds; takes it. */
  async next(what, match) {
    const deadline = Date.now() + EVENT_MS;
    for (;;) {
      const at = this.#frames.findIndex(match);
      if (at >= 0) {
        return this.#frames.splice(at, 1)[0];
      }
      if (this.#ended) {
        throw new Error(`the connection ended before ${what}`);
      }
      await within(
        deadline - Date.now(),
        what,
        new Promise((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
  }

  headers(streamId, fields, { endStream = false } = {}) {
    const flags = END_HEADERS | (endStream ? END_STREAM : 0);
    this.socket.write(frame(HEADERS, flags, streamId, fieldBlock(fields)));
  }

  data(streamId, payload, { endStream = false } = {}) {
    this.socket.write(frame(DATA, endStream ? END_STREAM : 0, streamId, payload));
  }

  /* What ends the question of stream |streamId|: its response HEADERS, its reset, or a GOAWAY. */
  answer(streamId) {
    return this.next(
      `the answer on stream ${streamId}`,
      (received) =>
        received.type === GOAWAY ||
        (received.streamId === streamId && [HEADERS, RST_STREAM].includes(received.type)),
    );
  }

  /* Proves that the connection still lives: a PING comes back. */
  async ping() {
    const payload = Buffer.from('trisock?');
    this.socket.write(frame(PING, 0, 0, payload));
    await this.next(
      'the PING to come back',
      (received) => received.type === PING && (received.flags & ACK) !== 0,
    );
  }
}

export function errorCode({ type, payload }) {
  return type === RST_STREAM ? payload.readUInt32BE(0) : payload.readUInt32BE(4);
}
