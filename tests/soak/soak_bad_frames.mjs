/* What no WebSocket client may send, and the code it is closed with. RFC 6455 sections 5 and 7. */
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  encodeFrame,
  PING,
  TEXT,
} from '../integration/support/frames.mjs';

const hello = Buffer.from('hello');

export const BAD_FRAMES = [
  { code: 1002, bytes: encodeFrame(TEXT, hello, { mask: false }) },
  { code: 1002, bytes: encodeFrame(TEXT, hello, { rsv: 2 }) },
  { code: 1002, bytes: encodeFrame(BINARY, hello, { rsv: 1 }) },
  { code: 1002, bytes: encodeFrame(0x3, hello) },
  { code: 1002, bytes: encodeFrame(0xb, hello) },
  { code: 1002, bytes: encodeFrame(CONTINUATION, hello) },
  { code: 1002, bytes: encodeFrame(PING, hello, { fin: false }) },
  { code: 1002, bytes: encodeFrame(PING, Buffer.alloc(126)) },
  { code: 1002, bytes: encodeFrame(CLOSE, Buffer.from([3])) },
  { code: 1002, bytes: encodeFrame(CLOSE, Buffer.from([0x03, 0xed])) },
  { code: 1007, bytes: encodeFrame(TEXT, Buffer.from([0x68, 0xc0, 0xaf])) },
  { code: 1007, bytes: encodeFrame(TEXT, Buffer.from([0x68, 0xff]), { fin: false }) },
  /* A length above any limit, with nothing of the message. */
  { code: 1009, bytes: Buffer.from([0x82, 0xff, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0]) },
];
