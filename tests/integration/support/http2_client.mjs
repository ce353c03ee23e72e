/*
 * WebSockets over HTTP/2 (RFC 8441) on node's own http2 module: many sockets and plain requests on
 * one session.
 */
import http2 from 'node:http2';
import { once } from 'node:events';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { EVENT_MS, within } from './limits.mjs';
import { FramePeer } from './frame_peer.mjs';

/* Opens a session; it ends with test |t|. SETTINGS of the server have arrived when it returns. */
export async function connectHttp2(t, server, options = {}) {
  const { ca } = await identity();
  const session = http2.connect(server.origin, { ca, ...options });
  const connection = new Http2Connection(session, server.authority);
  atEnd(t, () => session.destroy());
  await within(EVENT_MS, 'the SETTINGS of the server', once(session, 'remoteSettings'));
  return connection;
}

class Http2Connection {
  constructor(session, authority) {
    this.session = session;
    this.authority = authority;
    session.on('error', (error) => {
      this.error = error;
    });
    session.on('goaway', (code, lastStreamId) => {
      this.goaway = { code, lastStreamId };
    });
  }

  /*
   * Sends a request whose stream stays open; resolves at the response: { stream, status, headers }.
   */
  async request(headers, { endStream = true } = {}) {
    const stream = this.session.request(headers, { endStream });
    let onError;
    const failed = new Promise((_, reject) => {
      onError = reject;
    });
    stream.once('error', onError);
    stream.once('close', () => onError(new Error(`the stream closed with ${stream.rstCode}`)));
    failed.catch(() => {});
    const [response] = await within(
      EVENT_MS,
      `the response to ${JSON.stringify(headers)}`,
      Promise.race([once(stream, 'response'), failed]),
    );
    return { stream, status: response[':status'], headers: response };
  }

  /* A plain request to its end. */
  async fetch(path, { method = 'GET', ...fields } = {}) {
    const { stream, status, headers } = await this.request({
      ':method': method,
      ':path': path,
      ...fields,
    });
    const body = [];
    stream.on('data', (data) => body.push(data));
    if (!stream.closed) {
      await within(EVENT_MS, `the body of ${path}`, once(stream, 'close'));
    }
    return { status, headers, body: Buffer.concat(body) };
  }

  /* Extended CONNECT with whatever |fields| say; a field set to undefined is left out. */
  async connect(path, fields = {}) {
    const headers = {
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':scheme': 'https',
      ':path': path,
      ':authority': this.authority,
      'sec-websocket-version': '13',
      origin: `https://${this.authority}`,
      ...fields,
    };
    for (const name of Object.keys(headers)) {
      if (headers[name] === undefined) {
        delete headers[name];
      }
    }
    return this.request(headers, { endStream: false });
  }

  async openSocket(path = '/echo', fields = {}) {
    const { stream, status, headers } = await this.connect(path, fields);
    if (status !== 200) {
      throw new Error(`extended CONNECT of ${path} got ${status}`);
    }
    const peer = new FramePeer(stream, `h2 stream ${stream.id}`);
    peer.headers = headers;
    return peer;
  }
}
