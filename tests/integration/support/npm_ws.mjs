/* npm `ws`, a client over HTTP/1.1 that others wrote. */
import { once } from 'node:events';
import WebSocket from 'ws';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { EVENT_MS, within } from './limits.mjs';

const inboxes = new WeakMap();

/* Opens a socket and keeps what it receives; it is cut off, if still open, when test |t| ends. */
export async function openWs(t, server, path = '/echo', options = {}) {
  const { ca } = await identity();
  const socket = new WebSocket(`${server.scheme ?? 'wss'}://${server.authority}${path}`, {
    ca,
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
    ...options,
  });
  atEnd(t, () => socket.terminate());
  const inbox = [];
  inboxes.set(socket, inbox);
  socket.on('message', (data, isBinary) => inbox.push({ data, isBinary }));
  await within(EVENT_MS, 'npm ws to open', once(socket, 'open'));
  return socket;
}

/* The next message as { data, isBinary }, in the order of arrival. */
export async function nextMessage(socket, timeoutMs = EVENT_MS) {
  const inbox = inboxes.get(socket);
  if (inbox.length === 0) {
    await within(timeoutMs, 'a message at npm ws', once(socket, 'message'));
  }
  return inbox.shift();
}

/* The next close as { code, reason }. */
export async function nextClose(socket, timeoutMs = EVENT_MS) {
  const [code, reason] = await within(timeoutMs, 'npm ws to close', once(socket, 'close'));
  return { code, reason: reason.toString() };
}
