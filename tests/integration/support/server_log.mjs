/*
 * Follows the server's text log: the lines `... ws.open id=7 http=h3 conn=3 ...` as records.
 */
import fs from 'node:fs';
import { EVENT_MS } from './limits.mjs';

const POLL_MS = 10;
const EVENT = /(?:^|\s)([a-z0-9]+\.[a-z0-9_.]+)(?=\s|$)/;
const PAIR = /([A-Za-z_][\w.-]*)=("(?:[^"\\]|\\.)*"|\S*)/g;

/*
 * One line as { line, event, ...fields }, all strings; event is undefined for a line of another
 * kind.
 */
export function parseLine(line) {
  const record = { line, event: EVENT.exec(line)?.[1] };
  for (const [, key, value] of line.matchAll(PAIR)) {
    record[key] = value.startsWith('"') ? value.slice(1, -1) : value;
  }
  return record;
}

export class ServerLog {
  #offset = 0;
  #rest = '';
  #records = [];

  constructor(file) {
    this.file = file;
  }

  text() {
    return fs.existsSync(this.file) ? fs.readFileSync(this.file, 'utf8') : '';
  }

  /* Takes what was appended since the last time. */
  #follow() {
    if (!fs.existsSync(this.file)) {
      return;
    }
    const descriptor = fs.openSync(this.file);
    try {
      const added = Buffer.alloc(Math.max(0, fs.fstatSync(descriptor).size - this.#offset));
      const length = fs.readSync(descriptor, added, 0, added.length, this.#offset);
      this.#offset += length;
      const lines = (this.#rest + added.toString('utf8', 0, length)).split('\n');
      this.#rest = lines.pop();
      this.#records.push(...lines.map(parseLine));
    } finally {
      fs.closeSync(descriptor);
    }
  }

  /* Every record so far, of |event| if given, whose fields equal those of |match|. */
  records(event, match = {}) {
    this.#follow();
    const wanted = Object.entries(match).map(([key, value]) => [key, String(value)]);
    return this.#records.filter(
      (record) =>
        (event === undefined || record.event === event) &&
        wanted.every(([key, value]) => record[key] === value),
    );
  }

  /* Waits until at least |count| such records stand in the log; returns them. */
  async waitFor(event, match = {}, count = 1, timeoutMs = EVENT_MS) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.records(event, match);
      if (found.length >= count) {
        return found;
      }
      if (Date.now() > deadline) {
        throw new Error(
          `waited ${timeoutMs} ms for ${count} ${event} ${JSON.stringify(match)}, ` +
            `found ${found.length}; the log ends with:\n${this.text().slice(-4000)}`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
