/*
 * WebSocket frames (RFC 6455 section 5) as a strict client makes and reads them: it masks what it
 * sends, and throws at whatever a server must not send.
 */
import { randomBytes } from 'node:crypto';

export const CONTINUATION = 0x0;
export const TEXT = 0x1;
export const BINARY = 0x2;
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/*
 * A client's frame. |mask| false makes the faulty, unmasked one; |rsv| sets RSV1 to RSV3 as 4, 2,
 * 1.
 */
export function encodeFrame(
  opcode,
  payload = Buffer.alloc(0),
  { fin = true, mask = true, rsv = 0 } = {},
) {
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const maskBit = mask ? 0x80 : 0;
  if (payload.length < 126) {
    head.push(maskBit | payload.length);
  } else if (payload.length < 65536) {
    head.push(maskBit | 126, payload.length >> 8, payload.length & 0xff);
  } else {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(payload.length));
    head.push(maskBit | 127, ...length);
  }
  if (!mask) {
    return Buffer.concat([Buffer.from(head), payload]);
  }
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, masked(payload, key)]);
}

function masked(payload, key) {
  const out = Buffer.allocUnsafe(payload.length);
  for (let i = 0; i < payload.length; i += 1) {
    out[i] = payload[i] ^ key[i & 3];
  }
  return out;
}

/* A message in |count| frames of nearly equal size. */
export function encodeFragments(opcode, payload, count) {
  const size = Math.ceil(payload.length / count);
  const frames = [];
  for (let i = 0; i < count; i += 1) {
    frames.push(
      encodeFrame(i === 0 ? opcode : CONTINUATION, payload.subarray(i * size, (i + 1) * size), {
        fin: i === count - 1,
      }),
    );
  }
  return Buffer.concat(frames);
}

export function encodeClose(code, reason = '') {
  if (code === undefined) {
    return encodeFrame(CLOSE);
  }
  const payload = Buffer.alloc(2 + Buffer.byteLength(reason));
  payload.writeUInt16BE(code);
  payload.write(reason, 2);
  return encodeFrame(CLOSE, payload);
}

export function decodeClose(payload) {
  return payload.length === 0
    ? { code: 1005, reason: '' }
    : { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
}

/* Takes bytes in any portions; on_frame gets { fin, opcode, payload } for each complete frame. */
export class FrameReader {
  #chunks = [];
  #length = 0;
  #need = 2;

  constructor(onFrame) {
    this.onFrame = onFrame;
  }

  push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    while (this.#length >= this.#need && this.#take()) {
      /* another frame may be complete */
    }
  }

  /* True in the midst of a frame. */
  get partial() {
    return this.#length > 0;
  }

  #take() {
    const buffer = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [buffer];
    const short = buffer[1] & 0x7f;
    const headLength = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (buffer.length < headLength) {
      this.#need = headLength;
      return false;
    }
    const length = payloadLength(buffer, short);
    checkHead(buffer[0], buffer[1], length, short);
    if (buffer.length < headLength + length) {
      this.#need = headLength + length;
      return false;
    }
    const rest = buffer.subarray(headLength + length);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    this.#need = 2;
    this.onFrame({
      fin: (buffer[0] & 0x80) !== 0,
      opcode: buffer[0] & 0x0f,
      payload: buffer.subarray(headLength, headLength + length),
    });
    return true;
  }
}

function payloadLength(buffer, short) {
  if (short < 126) {
    return short;
  }
  return short === 126 ? buffer.readUInt16BE(2) : Number(buffer.readBigUInt64BE(2));
}

function checkHead(first, second, length, short) {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) {
    throw new Error('the server set a reserved bit');
  }
  if ((second & 0x80) !== 0) {
    throw new Error('the server masked a frame');
  }
  if ((short === 126 && length < 126) || (short === 127 && length < 65536)) {
    throw new Error(`the server wrote the length ${length} in more bytes than needed`);
  }
  if (opcode >= CLOSE && (length > 125 || (first & 0x80) === 0)) {
    throw new Error('the server sent a long or fragmented control frame');
  }
  if (![CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].includes(opcode)) {
    throw new Error(`the server sent the reserved opcode ${opcode}`);
  }
}
