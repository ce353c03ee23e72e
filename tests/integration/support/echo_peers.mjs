/*
 * Echo servers that others wrote, each on a port of its own with the identity of the test: npm `ws`
 * over HTTP/1.1, node:http2 with extended CONNECT, Debian's libwebsockets, and HAProxy's HTTP/2
 * before npm `ws`. Each start returns { url }, and ends with test |t|.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';
import { atEnd } from './cleanup.mjs';
import { BINARY, CLOSE, encodeFrame, PING, PONG, TEXT } from './frames.mjs';
import { identity } from './identity.mjs';
import { START_MS, within } from './limits.mjs';
import { kill, start, temporaryDirectory, tool } from './processes.mjs';

/* What a server does with a message: sends it back. */
const echo = () => (data, send) => send(data);

async function listen(t, server) {
  server.listen(0, '127.0.0.1');
  await within(START_MS, 'a server to listen', once(server, 'listening'));
  atEnd(t, () => {
    server.close();
    server.closeAllConnections?.();
  });
  return server.address().port;
}

async function key() {
  const { certFile, keyFile } = await identity();
  return { cert: fs.readFileSync(certFile), key: fs.readFileSync(keyFile) };
}

function attachWs(t, server, answer) {
  const sockets = new WebSocketServer({ server, maxPayload: 64 * 1024 * 1024 });
  sockets.on('connection', (socket) => {
    const reply = answer(socket);
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) =>
      reply(data, (bytes) => socket.send(bytes, { binary: isBinary })),
    );
  });
  atEnd(t, () => sockets.clients.forEach((socket) => socket.terminate()));
}

/* npm `ws`. |answer| makes for each socket a function of a message and of what sends one back. */
export async function startNpmWs(t, answer = echo) {
  const server = https.createServer(await key());
  attachWs(t, server, answer);
  return { url: `wss://localhost:${await listen(t, server)}/echo` };
}

/* ---- node:http2 */

/* A length over 2^32 is not met here. */
function readLength(head, short) {
  if (short < 126) {
    return short;
  }
  return short === 126 ? head.readUInt16BE(2) : head.readUInt32BE(6);
}

/* The frames of a client (RFC 6455 section 5.2), which are masked; whole messages, no fragments. */
class MaskedReader {
  #held = Buffer.alloc(0);

  constructor(onFrame) {
    this.onFrame = onFrame;
  }

  push(chunk) {
    this.#held = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    while (this.#take()) {
      /* another frame may be complete */
    }
  }

  #take() {
    const held = this.#held;
    if (held.length < 2) {
      return false;
    }
    const short = held[1] & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    const head = 2 + lengthBytes + 4;
    if (held.length < head) {
      return false;
    }
    const length = readLength(held, short);
    if (held.length < head + length) {
      return false;
    }
    const mask = held.subarray(head - 4, head);
    const payload = Buffer.from(held.subarray(head, head + length));
    for (let i = 0; i < payload.length; i += 1) {
      payload[i] ^= mask[i & 3];
    }
    this.#held = held.subarray(head + length);
    this.onFrame(held[0] & 0x0f, payload);
    return true;
  }
}

function serveStream(stream, answer) {
  const reply = answer(stream);
  const reader = new MaskedReader((opcode, payload) => {
    const send = (type, bytes) =>
      !stream.writableEnded && stream.write(encodeFrame(type, bytes, { mask: false }));
    if (opcode === TEXT || opcode === BINARY) {
      reply(payload, (bytes) => send(opcode, bytes));
    } else if (opcode === PING) {
      send(PONG, payload);
    } else if (opcode === CLOSE) {
      send(CLOSE, payload);
      stream.end();
    }
  });
  stream.on('data', (chunk) => reader.push(chunk));
  stream.on('error', () => {});
}

/* node:http2. Without |connect| it does not offer extended CONNECT. */
export async function startNodeHttp2(t, { answer = echo, connect = true } = {}) {
  const settings = { enableConnectProtocol: connect };
  const server = http2.createSecureServer({ ...(await key()), settings, allowHTTP1: false });
  const sessions = new Set();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => {});
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    if (headers[':method'] !== 'CONNECT' || headers[':protocol'] !== 'websocket') {
      stream.respond({ ':status': 404 }, { endStream: true });
      return;
    }
    stream.respond({ ':status': 200 });
    serveStream(stream, answer);
  });
  atEnd(t, () => sessions.forEach((session) => session.destroy()));
  return { url: `wss://localhost:${await listen(t, server)}/echo` };
}

/* ---- programs */

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function untilItListens(started, port) {
  let ended;
  started.exited.then((end) => {
    ended = end;
  });
  for (;;) {
    if (ended) {
      throw new Error(`it ended with ${ended.code ?? ended.signal}: ${ended.stderr}`);
    }
    const socket = net.connect(port, '127.0.0.1');
    const isUp = await new Promise((resolve) => {
      socket.on('connect', () => resolve(true));
      socket.on('error', () => resolve(false));
    });
    socket.destroy();
    if (isUp) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function startProgram(t, command, args, port) {
  const started = start(command, args);
  atEnd(t, () => kill(started));
  await within(START_MS, `${command} to listen`, untilItListens(started, port));
  return { url: `wss://localhost:${port}/echo`, pid: started.child.pid };
}

/* Debian's libwebsockets: HTTP/1.1, and HTTP/2 by ALPN. */
export async function startLibwebsockets(t) {
  const { certFile, keyFile } = await identity();
  const directory = temporaryDirectory(t);
  const program = path.join(directory, 'peer_lws');
  const source = fileURLToPath(new URL('../../bench/peer_lws.c', import.meta.url));
  await tool('cc', ['-O1', '-o', program, source, '-lwebsockets']);
  const port = await freePort();
  const args = ['--listen', `127.0.0.1:${port}`, '--cert', certFile, '--key', keyFile];
  return startProgram(t, program, args, port);
}

/* HAProxy with HTTP/2 before npm `ws` without TLS. */
export async function startHaproxy(t) {
  const backend = http.createServer();
  attachWs(t, backend, echo);
  const backendPort = await listen(t, backend);
  const { certFile, keyFile } = await identity();
  const directory = temporaryDirectory(t);
  const both = path.join(directory, 'both.pem');
  fs.writeFileSync(both, Buffer.concat([fs.readFileSync(certFile), fs.readFileSync(keyFile)]));
  const port = await freePort();
  const config = path.join(directory, 'haproxy.cfg');
  fs.writeFileSync(
    config,
    `
global
  maxconn 1000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
frontend front
  bind 127.0.0.1:${port} ssl crt ${both} alpn h2
  default_backend back
backend back
  server ws 127.0.0.1:${backendPort}
`,
  );
  return startProgram(t, 'haproxy', ['-db', '-f', config], port);
}
