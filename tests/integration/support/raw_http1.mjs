/*
 * HTTP/1.1 written by hand over TLS or plain TCP, and a strict reader of responses.
 */
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { EVENT_MS, within } from './limits.mjs';
import { FramePeer } from './frame_peer.mjs';

export const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const SAMPLE_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
export const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/* |alpn| null sends no ALPN extension at all; |trust| false takes any certificate. */
export async function connectTls(t, server, { alpn = ['http/1.1'], trust = true } = {}) {
  const { ca } = await identity();
  const socket = tls.connect({
    host: '127.0.0.1',
    port: server.port,
    ca,
    ALPNProtocols: alpn ?? undefined,
    rejectUnauthorized: trust,
  });
  atEnd(t, () => socket.destroy());
  await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
  return new Http1Connection(socket, server.authority);
}

export async function connectTcp(t, port) {
  const socket = net.connect({ host: '127.0.0.1', port });
  atEnd(t, () => socket.destroy());
  await within(EVENT_MS, 'the TCP connection', once(socket, 'connect'));
  return new Http1Connection(socket, `127.0.0.1:${port}`);
}

/* A request head; |fields| are [name, value] pairs or whole lines, exactly as they go out. */
export function head(startLine, fields = []) {
  const lines = fields.map((field) => (Array.isArray(field) ? `${field[0]}: ${field[1]}` : field));
  return `${[startLine, ...lines].join('\r\n')}\r\n\r\n`;
}

/* The fields of a correct opening handshake; |changes| replaces some, undefined leaves one out. */
export function upgradeFields(authority, changes = {}) {
  const fields = {
    Host: authority,
    Upgrade: 'websocket',
    Connection: 'Upgrade',
    'Sec-WebSocket-Key': SAMPLE_KEY,
    'Sec-WebSocket-Version': '13',
    ...changes,
  };
  return Object.entries(fields).filter(([, value]) => value !== undefined);
}

export class Http1Connection {
  #buffer = Buffer.alloc(0);
  #wake = () => {};
  #ended = false;

  constructor(socket, authority) {
    this.socket = socket;
    this.authority = authority;
    this.onData = (data) => {
      this.#buffer = Buffer.concat([this.#buffer, data]);
      this.#wake();
    };
    socket.on('data', this.onData);
    socket.on('error', (error) => {
      this.error = error;
    });
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  send(bytes) {
    this.socket.write(bytes);
  }

  async get(path, fields = [], method = 'GET') {
    this.send(head(`${method} ${path} HTTP/1.1`, [['Host', this.authority], ...fields]));
    return this.response({ method });
  }

  async upgrade(path, changes = {}) {
    this.send(head(`GET ${path} HTTP/1.1`, upgradeFields(this.authority, changes)));
    return this.response();
  }

  /* The upgrade must be accepted; from here on the bytes are frames. */
  async openSocket(path = '/echo') {
    const key = randomBytes(16).toString('base64');
    const response = await this.upgrade(path, { 'Sec-WebSocket-Key': key });
    if (response.status !== 101) {
      throw new Error(`upgrade of ${path} got ${response.status}`);
    }
    return this.frames();
  }

  frames() {
    this.socket.off('data', this.onData);
    const peer = new FramePeer(this.socket, 'h1 socket');
    if (this.#buffer.length > 0) {
      this.socket.emit('data', this.#buffer);
    }
    return peer;
  }

  /* Waits until |found| (of what has arrived) returns something, or the connection ends. */
  async #until(what, found) {
    const deadline = Date.now() + EVENT_MS;
    for (;;) {
      const result = found(this.#buffer, this.#ended);
      if (result !== undefined) {
        return result;
      }
      if (this.#ended) {
        const got = JSON.stringify(this.#buffer.toString('latin1'));
        throw new Error(`the connection ended before ${what}; got ${got}`);
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

  /* Waits for the end of the connection; returns the bytes before it that no response took. */
  closed() {
    return this.#until('the end of the connection', (buffer, ended) =>
      ended ? buffer : undefined,
    );
  }

  async response({ method = 'GET' } = {}) {
    const text = await this.#until('a response head', (buffer) => {
      const end = buffer.indexOf('\r\n\r\n');
      return end < 0 ? undefined : buffer.subarray(0, end).toString('latin1');
    });
    this.#drop(text.length + 4);
    const response = parseHead(text);
    response.body = await this.#body(method, response);
    return response;
  }

  async #body(method, { status, headers }) {
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
      return Buffer.alloc(0);
    }
    if (headers['content-length'] !== undefined) {
      const length = Number(headers['content-length']);
      return this.#exactly(length);
    }
    if (headers['transfer-encoding'] !== undefined) {
      return this.#chunked();
    }
    const body = await this.closed();
    this.#drop(body.length);
    return body;
  }

  async #exactly(length) {
    const body = await this.#until(`a body of ${length} bytes`, (buffer) =>
      buffer.length >= length ? buffer.subarray(0, length) : undefined,
    );
    this.#drop(length);
    return body;
  }

  async #chunked() {
    const parts = [];
    for (;;) {
      const line = await this.#until('a chunk', (buffer) => {
        const end = buffer.indexOf('\r\n');
        return end < 0 ? undefined : buffer.subarray(0, end).toString('latin1');
      });
      this.#drop(line.length + 2);
      const size = Number.parseInt(line, 16);
      parts.push(await this.#exactly(size));
      await this.#exactly(2);
      if (size === 0) {
        return Buffer.concat(parts);
      }
    }
  }

  #drop(length) {
    this.#buffer = this.#buffer.subarray(length);
  }
}

function parseHead(text) {
  const [startLine, ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3}) ([^\r\n]*)$/.exec(startLine);
  if (!match) {
    throw new Error(`not a status line: ${JSON.stringify(startLine)}`);
  }
  const headers = {};
  for (const line of lines) {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (!field) {
      throw new Error(`not a field line: ${JSON.stringify(line)}`);
    }
    const name = field[1].toLowerCase();
    headers[name] = headers[name] === undefined ? field[2] : `${headers[name]}, ${field[2]}`;
  }
  return { status: Number(match[1]), reason: match[2], headers };
}

/* The tokens of a list field, in lower case. */
export function tokens(value = '') {
  return value
    .split(',')
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
