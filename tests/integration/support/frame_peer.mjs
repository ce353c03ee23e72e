/*
 * The client's end of one WebSocket over any duplex stream: an h2 stream, a TLS socket. What
 * arrives becomes a queue of things in order, so that a test awaits the next one:
 *
 *   { type: 'message', opcode, payload, frames }   whole, and of how many frames
 *   { type: 'ping' | 'pong', payload }
 *   { type: 'close', code, reason }
 *   { type: 'end' }            orderly end of the stream: END_STREAM, close_notify + FIN
 *   { type: 'reset', code }    any other end
 */
import { EVENT_MS, within } from './limits.mjs';
import * as ws from './frames.mjs';

export class FramePeer {
  #things = [];
  #waiting = [];
  #parts = [];
  #opcode;
  #over = false;

  constructor(stream, name = 'websocket') {
    this.stream = stream;
    this.name = name;
    const reader = new ws.FrameReader((frame) => this.#onFrame(frame));
    stream.on('data', (data) => this.#guard(() => reader.push(data)));
    stream.on('end', () => this.#end({ type: 'end', partial: reader.partial }));
    stream.on('error', (error) => {
      this.error = error;
    });
    stream.on('close', () => this.#end({ type: 'reset', code: stream.rstCode, error: this.error }));
  }

  #guard(step) {
    try {
      step();
    } catch (error) {
      this.#end({ type: 'fault', error });
      this.stream.destroy();
    }
  }

  #onFrame({ fin, opcode, payload }) {
    if (opcode === ws.CLOSE) {
      this.#put({ type: 'close', ...ws.decodeClose(payload) });
    } else if (opcode === ws.PING || opcode === ws.PONG) {
      this.#put({ type: opcode === ws.PING ? 'ping' : 'pong', payload });
    } else {
      this.#onDataFrame(fin, opcode, payload);
    }
  }

  #onDataFrame(fin, opcode, payload) {
    if ((opcode === ws.CONTINUATION) !== this.#parts.length > 0) {
      throw new Error('the server sent a continuation of nothing, or a new message in an old one');
    }
    this.#opcode = opcode === ws.CONTINUATION ? this.#opcode : opcode;
    this.#parts.push(payload);
    if (fin) {
      const parts = this.#parts;
      this.#parts = [];
      this.#put({
        type: 'message',
        opcode: this.#opcode,
        payload: Buffer.concat(parts),
        frames: parts.length,
      });
    }
  }

  #end(thing) {
    if (!this.#over) {
      this.#over = true;
      this.#put(thing);
    }
  }

  #put(thing) {
    const waiter = this.#waiting.shift();
    if (waiter) {
      waiter(thing);
    } else {
      this.#things.push(thing);
    }
  }

  next(timeoutMs = EVENT_MS) {
    const thing = this.#things.shift();
    if (thing) {
      return Promise.resolve(thing);
    }
    return within(
      timeoutMs,
      `something from ${this.name}`,
      new Promise((resolve) => this.#waiting.push(resolve)),
    );
  }

  /* How many things have arrived and were not taken. */
  get pending() {
    return this.#things.length;
  }

  write(bytes) {
    return this.stream.write(bytes);
  }

  send(opcode, payload, options) {
    return this.write(ws.encodeFrame(opcode, Buffer.from(payload), options));
  }

  sendText(text) {
    return this.send(ws.TEXT, text);
  }

  /* Sends a message in |fragments| frames and returns the next thing that comes back. */
  echo(opcode, payload, { fragments = 1, timeoutMs = EVENT_MS } = {}) {
    this.write(ws.encodeFragments(opcode, Buffer.from(payload), fragments));
    return this.next(timeoutMs);
  }

  /* The closing handshake from our side; returns what ended it: the echoed Close, then the end. */
  async close(code, reason) {
    this.write(ws.encodeClose(code, reason));
    const close = await this.next();
    const end = await this.next();
    if (!this.stream.destroyed) {
      this.stream.end();
    }
    return { close, end };
  }
}
