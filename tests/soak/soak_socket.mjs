/*
 * The client's end of one WebSocket, which counts what it does and checks what comes back:
 * FramedSocket on any stream (by hand), NpmSocket on npm ws.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  BINARY,
  encodeClose,
  encodeFragments,
  PONG,
  TEXT,
} from '../integration/support/frames.mjs';
import { within } from '../integration/support/limits.mjs';
import { binaryPayload, MIB, textPayload } from '../integration/support/payloads.mjs';

/* For anything that a client waits for; the server and its clients share two cores. */
export const WAIT_MS = 20_000;

const NOISE = binaryPayload(2 * MIB);

/* A message that |random| chose: { opcode, payload }. */
export function chooseMessage(random, most) {
  const size = random.size(most);
  if (random.chance(0.5)) {
    return { opcode: TEXT, payload: Buffer.from(textPayload(size)) };
  }
  const at = random.below(NOISE.length - size);
  return { opcode: BINARY, payload: NOISE.subarray(at, at + size) };
}

export class FramedSocket {
  constructor(peer, account) {
    this.peer = peer;
    this.account = account;
    account.opened();
  }

  /* What comes next, but for pings, which are answered. */
  async next() {
    for (;;) {
      const thing = await this.peer.next(WAIT_MS);
      if (thing.type !== 'ping') {
        return thing;
      }
      this.peer.send(PONG, thing.payload);
    }
  }

  send({ opcode, payload }, fragments = 1) {
    this.account.sent(payload.length);
    this.peer.write(encodeFragments(opcode, payload, fragments));
  }

  async expectEcho({ opcode, payload }) {
    const thing = await this.next();
    assert.equal(thing.type, 'message', `${thing.type} ${thing.code ?? ''} instead of an echo`);
    assert.equal(thing.opcode, opcode, 'the type of a message');
    assert.ok(payload.equals(thing.payload), `an echo of ${payload.length} bytes`);
    this.account.echoed(payload.length);
  }

  async echo(message, fragments) {
    this.send(message, fragments);
    await this.expectEcho(message);
  }

  async close(code, reason = '') {
    this.peer.write(encodeClose(code, reason));
    const close = await this.next();
    assert.deepEqual(close, { type: 'close', code, reason });
    assert.equal((await this.next()).type, 'end');
    this.account.closed(code);
    this.peer.stream.end();
  }

  /* The server closes it with |code|, for what it was sent. */
  async expectClose(code) {
    const close = await this.next();
    assert.deepEqual([close.type, close.code], ['close', code]);
    this.peer.write(encodeClose(code));
    this.account.closed(code);
    const end = await this.next();
    assert.ok(['end', 'reset'].includes(end.type), `${end.type} after the Close`);
    this.peer.stream.end();
  }

  /* No more is read or said; the server has no Close of ours. */
  lost(code = 1006) {
    this.account.closed(code);
  }
}

export class NpmSocket {
  #waiting = [];
  #things = [];

  constructor(socket, account) {
    this.socket = socket;
    this.account = account;
    account.opened();
    socket.on('message', (data, isBinary) => this.#put({ data, isBinary }));
    socket.on('close', (code) => this.#put({ code }));
  }

  #put(thing) {
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter(thing);
    } else {
      this.#things.push(thing);
    }
  }

  next() {
    const thing = this.#things.shift();
    if (thing) {
      return Promise.resolve(thing);
    }
    const later = new Promise((resolve) => this.#waiting.push(resolve));
    return within(WAIT_MS, 'something from npm ws', later);
  }

  async echo({ opcode, payload }) {
    this.account.sent(payload.length);
    this.socket.send(payload, { binary: opcode === BINARY });
    const { data, isBinary, code } = await this.next();
    assert.equal(code, undefined, `closed with ${code} instead of an echo`);
    assert.equal(isBinary, opcode === BINARY);
    assert.ok(payload.equals(data), `an echo of ${payload.length} bytes`);
    this.account.echoed(payload.length);
  }

  async ping() {
    const pong = once(this.socket, 'pong');
    this.socket.ping('soak');
    await within(WAIT_MS, 'a pong', pong);
  }

  async close(code) {
    this.socket.close(code);
    assert.equal((await this.next()).code, code);
    this.account.closed(code);
  }
}
