/* Starts and stops `trisock connect --bridge`, which lets clients over HTTP/1.1 drive HTTP/2 and 3. */
import assert from 'node:assert/strict';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { START_MS, STOP_MS, within } from './limits.mjs';
import { kill, start } from './processes.mjs';
import { assertNoSanitizerReport, BINARY, sanitizerEnvironment } from './server.mjs';

const READY = /^trisock: bridging ws:\/\/(\S+) to (\S+)$/m;

/*
 * A bridge for one test, on a port the kernel chooses, to |server|; openWs takes it as it takes a
 * server. It is stopped, and its end checked, when test |t| ends.
 *
 * http    value of --http
 * listen  value of --bridge
 * ca      false: the server's certificate is not trusted
 * url     in place of the server's
 * args    more arguments
 */
export async function startBridge(
  t,
  server,
  { http, listen = '127.0.0.1:0', ca = true, url = `wss://${server.authority}`, args = [] } = {},
) {
  const { caFile } = await identity();
  const command = [
    'connect',
    '--bridge',
    listen,
    ...(http ? ['--http', http] : []),
    ...(ca ? ['--ca', caFile] : []),
    ...args,
    url,
  ];
  const started = start(BINARY, command, { env: sanitizerEnvironment() });
  const bridge = new Bridge(started);
  atEnd(t, () => bridge.cleanUp());
  await bridge.ready();
  return bridge;
}

class Bridge {
  scheme = 'ws';
  #started;
  #stopped;

  constructor(started) {
    this.#started = started;
    this.pid = started.child.pid;
  }

  async ready() {
    const seen = new Promise((resolve, reject) => {
      this.#started.child.stdout.on('data', () => {
        const line = READY.exec(this.#started.stdout());
        if (line) {
          resolve(line);
        }
      });
      this.#started.exited.then(
        ({ code, signal, stderr }) =>
          reject(new Error(`the bridge ended (${code ?? signal}):\n${stderr}`)),
        reject,
      );
    });
    const [, authority] = await within(START_MS, "the bridge's ready line", seen);
    this.authority = authority;
    this.port = Number(authority.split(':').at(-1));
  }

  stderr() {
    return this.#started.stderr();
  }

  /* Sends |signal|, waits for the end, checks it. */
  stop(signal = 'SIGINT') {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal) {
    if (this.#started.child.exitCode === null) {
      process.kill(this.pid, signal);
    }
    const result = await within(STOP_MS, `the bridge to end after ${signal}`, this.#started.exited);
    assertNoSanitizerReport(result.stderr);
    assert.deepEqual(
      { code: result.code, signal: result.signal },
      { code: 0, signal: null },
      result.stderr,
    );
    return result;
  }

  async cleanUp() {
    try {
      await this.stop();
    } finally {
      await kill(this.#started);
    }
  }
}
