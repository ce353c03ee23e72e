/*
 * The clients of HTTP/3 are a program of their own, soak_h3.c. It is told by lines when to play and
 * how long, and tells in a line of JSON what each client did.
 */
import { createInterface } from 'node:readline';
import { kill, start } from '../integration/support/processes.mjs';
import { within } from '../integration/support/limits.mjs';
import { Account } from './soak_tally.mjs';

const END_MS = 45_000; /* after the time that it was given: a client takes 30 s at most */

export class Http3Clients {
  #started;
  #waveEnded = () => {};

  constructor(program, server, seed, tally) {
    this.tally = tally;
    const args = [`127.0.0.1:${server.port}`, String(seed)];
    this.#started = start(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#started.child.stdin.on('error', () => {});
    const lines = createInterface({ input: this.#started.child.stdout });
    lines.on('line', (line) => this.#take(JSON.parse(line)));
  }

  #take(told) {
    if (told.done) {
      this.#waveEnded();
      return;
    }
    const account = new Account(this.tally, 'h3', told.kind);
    account.connection(...told.connections);
    account.request(...told.requests);
    account.expect('sockets_opened_total', told.opened);
    account.row.sockets += told.opened;
    account.row.messages += told.sent;
    account.row.bytes += told.bytes_sent;
    account.received(told.echoed, told.sent, told.bytes_echoed, told.bytes_sent);
    account.answered(told.echoed, told.sent, told.bytes_echoed, told.bytes_sent);
    for (const [code, count] of Object.entries(told.closed)) {
      account.closed(code, count);
    }
    /* Of who vanished, the silence of the socket is found first, or that of the connection. */
    account.closed(1001, 0, told.vanished);
    account.closed(1006, 0, told.vanished);
    for (const [reason, count] of Object.entries(told.refused)) {
      account.refused(reason, count);
    }
    if (told.fault) {
      this.tally.fault('h3', told.kind, told.fault);
    }
  }

  /* |count| clients at a time play for |ms|; settled when the last of them has ended. */
  play(ms, count, isPolite) {
    const ended = new Promise((resolve, reject) => {
      this.#waveEnded = resolve;
      this.#started.exited.then(({ code, signal, stderr }) =>
        reject(
          new Error(`the clients of HTTP/3 ended (${code ?? signal}): ${stderr.slice(-2000)}`),
        ),
      );
    });
    this.#started.child.stdin.write(`${isPolite ? 'polite' : 'any'} ${ms} ${count}\n`);
    return within(ms + END_MS, 'the clients of HTTP/3', ended);
  }

  end() {
    return kill(this.#started);
  }
}
