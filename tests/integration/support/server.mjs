/*
 * Starts and stops `trisock serve`. A test that forgets to look still fails if a sanitizer spoke or
 * the server did not end with exit code 0.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { atEnd } from './cleanup.mjs';
import { identity } from './identity.mjs';
import { START_MS, STOP_MS, within } from './limits.mjs';
import { kill, removeDirectory, run, start, temporaryDirectory } from './processes.mjs';
import { ServerLog } from './server_log.mjs';

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));
export const BINARY = path.resolve(REPOSITORY, process.env.TRISOCK_BIN ?? 'build/asan/trisock');
export const RELEASE_BINARY = path.resolve(
  REPOSITORY,
  process.env.TRISOCK_RELEASE_BIN ?? 'build/release/trisock',
);

export const BLANK_PAGE = '/blank.html';

const SANITIZER_REPORT =
  /AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|ThreadSanitizer|runtime error:/;
const READY = /^trisock: serving (https:\/\/(\S+):(\d+)) \(([^)]*)\)$/gm;
const READY_CLEARTEXT = /^trisock: .*?http:\/\/(\S+):(\d+)/m;

export function sanitizerEnvironment() {
  return {
    ASAN_OPTIONS: 'detect_leaks=1:strict_string_checks=1:abort_on_error=0:exitcode=99',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1:exitcode=99',
    ...process.env,
  };
}

export function assertNoSanitizerReport(stderr) {
  assert.ok(!SANITIZER_REPORT.test(stderr), `a sanitizer reported:\n${stderr}`);
}

/* Runs `trisock ARGS` to its end: for usage and start errors. It keeps no state behind the test. */
export async function runTrisock(args) {
  const home = temporaryDirectory();
  const env = { ...sanitizerEnvironment(), HOME: home, XDG_STATE_HOME: home };
  try {
    const result = await run(BINARY, args, { env, timeoutMs: START_MS });
    assertNoSanitizerReport(result.stderr);
    return result;
  } finally {
    removeDirectory(home);
  }
}

/* A server for all the tests of a file: before() starts it, after() calls its cleanUp(). */
export function startSharedServer(options) {
  return launch(undefined, options);
}

/* A server for one test: stopped, and its end checked, when test |t| ends. */
export function startServer(t, options) {
  return launch(t, options);
}

/*
 * A server for a browser: besides startServer(), it has BLANK_PAGE, a page of the origin that opens
 * no sockets itself and has no policy that forbids any. |files| are more files of its root: { name:
 * content }.
 */
export function startServerForBrowser(t, { files = {}, ...options } = {}) {
  const root = temporaryDirectory(t);
  const all = { [BLANK_PAGE]: '<!doctype html><title>blank</title>', ...files };
  for (const [name, content] of Object.entries(all)) {
    fs.writeFileSync(path.join(root, name), content);
  }
  return launch(t, { root, ...options });
}

/*
 * Starts a server on ports the kernel chooses, ready when it returns.
 *
 * listen     addresses to listen on, each on a port of its own; or with a port, "127.0.0.1:8443"
 * http       value of --http
 * cleartext  also open a cleartext port
 * root       value of --root
 * args       more arguments
 * certificate  false: give none, let the server make one
 * environment  more variables
 * binary     which binary; prefix is put before it (valgrind and its options)
 */
async function launch(t, options = {}) {
  const {
    listen = ['127.0.0.1'],
    http,
    cleartext = false,
    root,
    args = [],
    certificate = true,
    environment = {},
    binary = BINARY,
    prefix = [],
    startMs = START_MS,
  } = options;
  assert.ok(fs.existsSync(binary), `${binary} does not exist: build it, or set TRISOCK_BIN`);
  const { certFile, keyFile } = await identity();
  const directory = temporaryDirectory(t);
  const logFile = path.join(directory, 'server.log');
  const command = [
    ...prefix,
    binary,
    'serve',
    ...listen.flatMap((host) => ['--listen', address(host)]),
    '--log',
    logFile,
    '--verbose',
    ...(certificate ? ['--cert', certFile, '--key', keyFile] : []),
    ...(http ? ['--http', http] : []),
    ...(cleartext ? ['--cleartext', '127.0.0.1:0'] : []),
    ...(root ? ['--root', root] : []),
    ...args,
  ];
  const env = { ...sanitizerEnvironment(), ...environment };
  const started = start(command[0], command.slice(1), { env, cwd: directory });
  const server = new Server(started, listen, logFile);
  if (t) {
    atEnd(t, () => server.cleanUp());
  }
  await server.ready(cleartext, startMs);
  return server;
}

class Server {
  #started;
  #listen;
  #stopped;

  constructor(started, listen, logFile) {
    this.#started = started;
    this.#listen = listen;
    this.log = new ServerLog(logFile);
    this.pid = started.child.pid;
  }

  async ready(cleartext, startMs) {
    const seen = new Promise((resolve, reject) => {
      const look = () => {
        const lines = [...this.stdout().matchAll(READY)];
        const plain = READY_CLEARTEXT.exec(this.stdout().replace(/https:\S+/g, ''));
        if (lines.length >= this.#listen.length && (!cleartext || plain)) {
          resolve({ lines, plain });
        }
      };
      this.#started.child.stdout.on('data', look);
      this.#started.exited.then(
        ({ code, signal, stderr }) =>
          reject(new Error(`the server ended (${code ?? signal}):\n${stderr}`)),
        reject,
      );
    });
    const { lines, plain } = await within(
      startMs,
      `the server's ready line, stdout so far: ${this.stdout()}`,
      seen,
    );
    this.origins = lines.map(([, url]) => url);
    this.origin = this.origins[0];
    this.authority = new URL(this.origin).host;
    this.port = Number(lines[0][3]);
    this.offered = lines[0][4].split(', ');
    this.cleartextPort = plain ? Number(plain[2]) : undefined;
  }

  stdout() {
    return this.#started.stdout();
  }

  stderr() {
    return this.#started.stderr();
  }

  /* Sends |signal|, waits for the end, checks it; returns { code, signal, stdout, stderr }. */
  stop(signal = 'SIGTERM') {
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal) {
    if (this.#started.child.exitCode === null) {
      process.kill(this.pid, signal);
    }
    const result = await within(STOP_MS, `the server to end after ${signal}`, this.#started.exited);
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

  /* Resident set of the server, in KiB. */
  residentKib() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]);
  }
}

function address(host) {
  if (/^[\d.]+:\d+$/.test(host)) {
    return host;
  }
  return host.includes(':') ? `[${host}]:0` : `${host}:0`;
}
