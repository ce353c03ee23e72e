/* `trisock connect` over h1, h2 and h3, against our server and against npm `ws`. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { makeCertificate } from './support/certificates.mjs';
import { atEnd } from './support/cleanup.mjs';
import { connect, startConnect } from './support/connect.mjs';
import { identity } from './support/identity.mjs';
import { BIG_MESSAGE_MS, EVENT_MS, START_MS, TEST_MS, within } from './support/limits.mjs';
import { MIB } from './support/payloads.mjs';
import { kill, run, start, temporaryDirectory } from './support/processes.mjs';
import {
  BINARY,
  runTrisock,
  sanitizerEnvironment,
  startServer,
  startSharedServer,
} from './support/server.mjs';

const VERSIONS = [
  ['1.1', 'http/1.1'],
  ['2', 'h2'],
  ['3', 'h3'],
];

let shared;
before(async () => {
  shared = await startSharedServer({ args: ['--subprotocol', 'chat', '--deflate', 'shared'] });
});
after(() => shared.cleanUp());

/* A server of npm ws, over TLS; |onSocket| gets each socket. Returns its URL. */
async function startNpmServer(t, onSocket, options = {}) {
  const { certFile, keyFile } = await identity();
  const server = https.createServer({
    cert: fs.readFileSync(certFile),
    key: fs.readFileSync(keyFile),
  });
  const sockets = new WebSocketServer({ server, ...options });
  sockets.on('connection', onSocket);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => {
    sockets.clients.forEach((socket) => socket.terminate());
    server.closeAllConnections();
    server.close();
  });
  return `wss://127.0.0.1:${server.address().port}/`;
}

const events = (stdout) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

/* Waits until |started| has printed |pattern|. */
async function printed(started, pattern) {
  const seen = new Promise((resolve) => {
    const look = () => pattern.test(started.stdout() + started.stderr()) && resolve();
    started.child.stdout.on('data', look);
    started.child.stderr.on('data', look);
    look();
  });
  await within(EVENT_MS, `${pattern} of trisock connect`, seen);
}

/* ----------------------------------------------------------------------------- every version */

for (const [version, name] of VERSIONS) {
  const http = ['--http', version];

  test(
    `--once sends, prints the answer and closes, over ${name}`,
    { timeout: TEST_MS },
    async () => {
      const { code, stdout, stderr } = await connect(shared, {
        args: [...http, '--once', 'grüße'],
      });
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: 'grüße\n', stderr: '' });
    },
  );

  test(`lines become messages and messages lines, over ${name}`, { timeout: TEST_MS }, async () => {
    const { code, stdout } = await connect(shared, { args: http, input: 'one\r\n\nthree\n4' });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: 'one\n\nthree\n4\n' });
  });

  test(`--binary and --raw carry any bytes, over ${name}`, { timeout: TEST_MS }, async () => {
    const args = [...http, '--binary'];
    const hex = await connect(shared, { args, input: '00 FF\n\n' });
    assert.deepEqual([hex.code, hex.stdout], [0, '00ff\n\n']);
    const raw = await connect(shared, { args: [...args, '--raw', '--once', '610a62'] });
    assert.deepEqual([raw.code, raw.stdout], [0, 'a\nb']);
  });

  test(`--json tells each event, over ${name}`, { timeout: TEST_MS }, async () => {
    const args = [...http, '--json', '--subprotocol', 'other, chat', '--deflate', 'shared'];
    const { code, stdout } = await connect(shared, { args, input: 'a "quote"\n' });
    assert.equal(code, 0);
    const [open, message, close, ...more] = events(stdout);
    assert.deepEqual(more, []);
    assert.equal(open.event, 'open');
    assert.deepEqual([open.http, open.tls, open.subprotocol], [name, 'TLS 1.3', 'chat']);
    assert.deepEqual([open.deflate, open.resumed], ['shared', false]);
    assert.ok(open.open_ns >= open.secured_ns && open.secured_ns >= open.connected_ns);
    assert.equal(open.settings_ns > 0, name !== 'http/1.1');
    assert.deepEqual(message, { event: 'message', type: 'text', data: 'a "quote"' });
    assert.deepEqual([close.event, close.code, close.clean], ['close', 1000, true]);
    assert.deepEqual([close.messages_in, close.messages_out, close.bytes_in], [1, 1, 9]);
  });

  test(`-v tells what it rode on, over ${name}`, { timeout: TEST_MS }, async () => {
    const args = [...http, '-v', '--subprotocol', 'chat', '--deflate', 'dedicated', '--once', 'x'];
    const { code, stdout, stderr } = await connect(shared, { args });
    assert.deepEqual([code, stdout], [0, 'x\n']);
    assert.match(
      stderr,
      new RegExp(`^\\* open over ${name} to 127\\.0\\.0\\.1:\\d+, TLS 1\\.3, TLS_`),
    );
    assert.match(stderr, /^\* after: address .*connected .*TLS .*open [\d.]+ [num]s$/m);
    assert.match(stderr, /^\* subprotocol: chat\n\* compression: shared$/m);
    assert.match(stderr, /^\* closed: 1000\n\* messages: 1 in, 1 out; bytes: 1 in, 1 out\n$/m);
  });

  test(`a refusal is told and is status 1, over ${name}`, { timeout: TEST_MS }, async () => {
    const { code, stdout, stderr } = await connect(shared, {
      path: '/none',
      args: [...http, '--json'],
    });
    assert.equal(code, 1);
    assert.match(stderr, /^trisock: .*404/);
    const [failed] = events(stdout);
    assert.deepEqual([failed.event, failed.fault, failed.status], ['error', 'status', 404]);
  });

  test(`a certificate of a stranger is refused, over ${name}`, { timeout: TEST_MS }, async () => {
    const untrusted = await connect(shared, { args: [...http, '--once', 'x'], trust: false });
    assert.equal(untrusted.code, 1);
    assert.match(
      untrusted.stderr,
      /^trisock: the certificate of 127\.0\.0\.1:\d+ is not to be trusted/,
    );
    const args = [...http, '--insecure', '--once', 'x'];
    const anyway = await connect(shared, { args, trust: false });
    assert.deepEqual([anyway.code, anyway.stdout], [0, 'x\n']);
    assert.match(anyway.stderr, /^trisock: --insecure: .*certificate is not checked$/m);
  });

  test(`what the server does not take waits, over ${name}`, { timeout: TEST_MS }, async () => {
    const line = 'x'.repeat(65_535);
    const count = 200; /* 13 MB: several queues and windows */
    const input = `${line}\n`.repeat(count);
    const { code, stdout } = await connect(shared, {
      args: http,
      input,
      timeoutMs: BIG_MESSAGE_MS,
    });
    assert.equal(code, 0);
    assert.ok(stdout === input, `${stdout.length} of ${input.length} bytes came back`);
  });

  test(`a close with another code is status 3, over ${name}`, { timeout: TEST_MS }, async (t) => {
    const server = await startServer(t, { args: ['--max-message', '10'] });
    const args = [...http, '-v'];
    const { code, stderr } = await connect(server, { args, input: 'longer than ten\n' });
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^\* closed: 1009/m);
  });

  test(`SIGINT closes with 1001, over ${name}`, { timeout: TEST_MS }, async (t) => {
    const started = await startConnect(shared, { args: [...http, '-v'] });
    atEnd(t, () => kill(started));
    await printed(started, /\* after: /);
    started.child.kill('SIGINT');
    const { code, stderr } = await within(EVENT_MS, 'the end', started.exited);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^\* closed: 1001/m);
  });
}

for (const [version, name] of VERSIONS) {
  test(`a server that stops closes it with 1001, over ${name}`, { timeout: TEST_MS }, async (t) => {
    const server = await startServer(t);
    const started = await startConnect(server, { args: ['--http', version, '-v'] });
    atEnd(t, () => kill(started));
    await printed(started, /\* after: /);
    await server.stop();
    const { code, stderr } = await within(EVENT_MS, 'the end', started.exited);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^\* closed: 1001/m);
  });
}

/* ------------------------------------------------------------------------------ which version */

test('of several versions it takes what the server offers', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { http: '1.1' });
  for (const http of ['1.1,2', '1.1,2,3', '3,1.1']) {
    const { code, stdout, stderr } = await connect(server, {
      args: ['--http', http, '--json', '--once', 'x'],
    });
    assert.equal(code, 0, stderr);
    assert.equal(events(stdout)[0].http, 'http/1.1', http);
  }
  const { stdout } = await connect(shared, { args: ['--http', '3,2', '--json', '--once', 'x'] });
  assert.equal(events(stdout)[0].http, 'h3');
  const negotiated = await connect(shared, { args: ['--json', '--once', 'x'] });
  assert.equal(events(negotiated.stdout)[0].http, 'h2');
});

test('a version that is not offered is told, and is status 1', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { http: '1.1' });
  const { code, stderr } = await connect(server, { args: ['--http', '2', '--once', 'x'] });
  assert.equal(code, 1);
  assert.match(stderr, /^trisock: h2 was offered, [^\n]*\n$/);
});

test(
  'a server without extended CONNECT is told by its setting',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServer(t, { args: ['--no-extended-connect'] });
    for (const http of ['2', '3']) {
      const { code, stderr } = await connect(server, { args: ['--http', http, '--once', 'x'] });
      assert.equal(code, 1);
      assert.match(stderr, /SETTINGS_ENABLE_CONNECT_PROTOCOL/);
    }
  },
);

test('a certificate for another name is refused', { timeout: TEST_MS }, async (t) => {
  const directory = temporaryDirectory(t);
  const other = await makeCertificate(directory, 'other', 'DNS:other.example');
  const server = await startServer(t, { certificate: false, args: other.args });
  for (const [http] of VERSIONS) {
    const args = ['--ca', other.certFile, '--http', http, '--once', 'x'];
    const { code, stderr } = await connect(server, { args, trust: false });
    assert.equal(code, 1);
    assert.match(stderr, /^trisock: the certificate of /);
  }
});

test('nobody who listens is status 1', { timeout: TEST_MS }, async () => {
  const { code, stdout, stderr } = await connect('wss://127.0.0.1:1/', { args: ['--json'] });
  assert.equal(code, 1);
  assert.equal(events(stdout)[0].fault, 'connect');
  assert.match(stderr, /^trisock: /);
});

/* -------------------------------------------------------------------------------- what is wrong */

test('what cannot be used is status 2, in one line', { timeout: TEST_MS }, async () => {
  for (const [args, why] of [
    [[], /there is no URL/],
    [['http://localhost/'], /wss:\/\//],
    [['wss://localhost/#part'], /the URL has a fragment/],
    [['wss://localhost/', '--http', '4'], /--http 4 is not understood/],
    [['wss://localhost/', '--ca', '/none.pem'], /none\.pem/],
    [['wss://localhost/', '--qlog', '/none'], /the qlog folder \/none does not exist/],
    [['wss://localhost/', '--keylog', '/none/keys'], /the key log \/none\/keys cannot be written/],
    [['wss://localhost/', '--bridge', '0', '--ping', '1s'], /leave out --ping/],
    [['wss://localhost/', '--once', 'xyz', '--binary'], /--once is not pairs of hexadecimal/],
    [['wss://localhost/', '--header', 'a b'], /--header a b is no field/],
    [['wss://localhost/', '--header', 'upgrade: x'], /a field is given/],
  ]) {
    const { code, stdout, stderr } = await runTrisock(['connect', ...args]);
    assert.equal(code, 2, `${args}: ${stderr}`);
    assert.equal(stdout, '');
    assert.match(stderr, /^trisock: [^\n]*\n$/);
    assert.match(stderr, why);
  }
});

test('input that is no message is not sent, and is status 2', { timeout: TEST_MS }, async () => {
  for (const [args, input, why] of [
    [[], Buffer.from('good\nb\xffd\nmore\n', 'latin1'), /line 2 of standard input is not UTF-8/],
    [['--binary'], '00\nzz\n01\n', /line 2 of standard input is not pairs of hexadecimal digits/],
    [[], 'x'.repeat(17 * 1024 * 1024), /line 1 of standard input is longer than 16 MiB/],
  ]) {
    const { code, stderr } = await connect(shared, { args: [...args, '-v'], input });
    assert.equal(code, 2, stderr);
    assert.match(stderr, why);
    assert.match(stderr, /^\* closed: 1000$/m);
    assert.match(stderr, /^\* messages: \d in, [01] out;/m);
  }
});

test('the help is printed', { timeout: TEST_MS }, async () => {
  const { code, stdout } = await runTrisock(['connect', '--help']);
  assert.equal(code, 0);
  assert.match(stdout, /^usage: trisock connect /);
});

/* ------------------------------------------------------------------------- servers of others */

test('fields of the handshake are sent', { timeout: TEST_MS }, async (t) => {
  let request;
  const url = await startNpmServer(t, (socket, asked) => {
    request = asked;
    socket.close(1000, 'bye');
  });
  const args = ['--header', 'X-One: 1', '--header', 'Cookie: a=b', '--origin', 'https://a.example'];
  const { code } = await connect(`${url}path?query=1`, { args });
  assert.equal(code, 0);
  const { headers } = request;
  assert.deepEqual(
    [headers['x-one'], headers.cookie, headers.origin],
    ['1', 'a=b', 'https://a.example'],
  );
  assert.equal(request.url, '/path?query=1');
});

test('how the server ends it is the exit status', { timeout: TEST_MS }, async (t) => {
  for (const [end, status] of [
    [(socket) => socket.close(1000), 0],
    [(socket) => socket.close(1001), 0],
    [(socket) => socket.close(), 0],
    [(socket) => socket.close(4001, 'no \u001b[2J more'), 3],
    [(socket) => socket.close(1011), 3],
    [(socket) => socket.terminate(), 4],
  ]) {
    const url = await startNpmServer(t, end);
    const started = await startConnect(url, { args: ['-v'] });
    const { code, stderr } = await within(EVENT_MS, 'the end', started.exited);
    assert.equal(code, status, `${end}: ${stderr}`);
    assert.ok(!stderr.includes('\u001b'), 'no escape sequence of the server');
  }
});

test('answers that come late are waited for', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) =>
    socket.on('message', (data) => setTimeout(() => socket.send(`late ${data}`), 700)),
  );
  const short = await connect(url, { args: ['--wait', '0'], input: 'x\n' });
  assert.deepEqual([short.code, short.stdout], [0, '']);
  const long = await connect(url, { args: ['--wait', '3s'], input: 'x\n' });
  assert.deepEqual([long.code, long.stdout], [0, 'late x\n']);
});

test('--once takes one answer, an empty message too', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) =>
    socket.on('message', (data) => {
      socket.send(`${data.length} bytes`);
      socket.send('more');
    }),
  );
  const { code, stdout } = await connect(url, { args: ['--once', ''] });
  assert.deepEqual([code, stdout], [0, '0 bytes\n']);
});

test('--once without an answer is status 3', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => socket.on('message', () => socket.close(1000)));
  const { code, stdout, stderr } = await connect(url, { args: ['--once', 'x'] });
  assert.deepEqual([code, stdout], [3, '']);
  assert.equal(stderr, 'trisock: the server closed the socket before it answered\n');
});

test('--once says so when the answer is over --max-message', { timeout: TEST_MS }, async () => {
  const args = ['--max-message', '3', '--once', 'four'];
  const { code, stderr } = await connect(shared, { args });
  assert.equal(code, 3);
  assert.equal(
    stderr,
    'trisock: the answer is longer than --max-message (default 16m); allow more\n',
  );
});

test('input is not read while the server takes nothing', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => socket.pause());
  const started = await startConnect(url, { args: ['-v'] });
  atEnd(t, () => kill(started));
  const { stdin } = started.child;
  stdin.on('error', () => {});
  await printed(started, /\* after: /);
  const chunk = `${'x'.repeat(65_535)}\n`;
  let taken = 0;
  for (let isTaken = true; isTaken && taken < 256 * MIB; taken += chunk.length) {
    isTaken = await Promise.race([
      new Promise((resolve) => stdin.write(chunk, () => resolve(true))),
      new Promise((resolve) => setTimeout(resolve, 1000, false)),
    ]);
  }
  assert.ok(taken > MIB && taken < 64 * MIB, `${taken} bytes were read`);
});

test('nothing is received while nobody reads the output', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ['--max-queue', '65536'] });
  for (const [version, name] of VERSIONS) {
    const started = await startConnect(server, {
      path: '/push?size=65536',
      args: ['--http', version],
    });
    atEnd(t, () => kill(started));
    started.child.stdout.pause();
    const since = Date.now();
    let last = -1;
    let memory = 0;
    while (memory !== last && Date.now() - since < EVENT_MS) {
      last = memory;
      await new Promise((resolve) => setTimeout(resolve, 500));
      const status = fs.readFileSync(`/proc/${started.child.pid}/status`, 'utf8');
      memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]);
    }
    assert.ok(memory === last, `${name}: it goes on growing, ${memory} KiB`);
    started.child.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 100));
    started.child.kill('SIGINT'); /* for it still has what nobody reads */
    const closed = await within(EVENT_MS, 'the end', once(started.child, 'exit'));
    assert.deepEqual(closed, [0, null], name);
  }
});

test('a closed standard input is one without lines', { timeout: TEST_MS }, async () => {
  const { caFile } = await identity();
  const url = `wss://${shared.authority}/echo`;
  for (const closed of ['<&-', '<&- 2>&-', '>&-']) {
    const command = `exec "$0" connect "$1" --ca "$2" ${closed}`;
    const { code } = await run('/bin/sh', ['-c', command, BINARY, url, caFile], {
      env: sanitizerEnvironment(),
    });
    assert.equal(code, 0, closed);
  }
});

test('every command bears closed descriptors', { timeout: TEST_MS }, async (t) => {
  const { caFile, certFile, keyFile } = await identity();
  const url = `wss://${shared.authority}/echo`;
  const log = path.join(temporaryDirectory(t), 'log');
  const serve = ['serve', '--listen', '127.0.0.1:0', '--cert', certFile, '--key', keyFile];
  for (const closed of ['>&-', '<&- >&- 2>&-']) {
    for (const args of [
      ['bench', url, '--ca', caFile, '--sockets', '1', '--duration', '100ms', '--warmup', '0'],
      ['connect', url, '--ca', caFile],
      [...serve, '--log', log],
    ]) {
      fs.writeFileSync(log, '');
      const command = `exec "$0" "$@" ${closed}`;
      const started = start('/bin/sh', ['-c', command, BINARY, ...args], {
        env: sanitizerEnvironment(),
      });
      atEnd(t, () => kill(started));
      if (args[0] === 'serve') {
        const since = Date.now();
        while (!/ start /.test(fs.readFileSync(log, 'utf8')) && Date.now() - since < START_MS) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        started.child.kill('SIGTERM');
      }
      const { code, signal } = await within(START_MS, `the end of ${args[0]}`, started.exited);
      assert.deepEqual([code, signal], [0, null], `${args[0]} ${closed}`);
    }
  }
});

test('--ping pings after so much silence', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => {
    let pings = 0;
    socket.on('ping', () => {
      pings += 1;
      if (pings === 3) {
        socket.close(1000);
      }
    });
  });
  const started = await startConnect(url, { args: ['--ping', '50ms'] });
  assert.equal((await within(EVENT_MS, 'three pings', started.exited)).code, 0);
});

test('--max-message bounds what is received', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => socket.send('x'.repeat(11)));
  const started = await startConnect(url, { args: ['--max-message', '10', '-v'] });
  const { code, stdout, stderr } = await within(EVENT_MS, 'the end', started.exited);
  assert.deepEqual([code, stdout], [3, '']);
  assert.match(stderr, /^\* closed: 1009/m);
});

test('a second signal does not wait for the server', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => socket.pause());
  const started = await startConnect(url, { args: ['-v'] });
  atEnd(t, () => kill(started));
  await printed(started, /\* after: /);
  const since = Date.now();
  started.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(started.child.exitCode, null, 'it waits for the closing handshake');
  started.child.kill('SIGTERM');
  const { code } = await within(EVENT_MS, 'the end', started.exited);
  assert.equal(code, 4);
  assert.ok(Date.now() - since < 4000, 'sooner than the close timeout');
});

test('a reader of the output that goes away ends it', { timeout: TEST_MS }, async (t) => {
  const url = await startNpmServer(t, (socket) => {
    const timer = setInterval(() => socket.send('x'), 10);
    socket.on('close', () => clearInterval(timer));
  });
  const started = await startConnect(url);
  atEnd(t, () => kill(started));
  await once(started.child.stdout, 'data');
  started.child.stdout.destroy();
  const { code, stderr } = await within(EVENT_MS, 'the end', started.exited);
  assert.deepEqual([code, stderr], [1, '']);
});

test('--keylog and --qlog write their files', { timeout: TEST_MS }, async (t) => {
  const directory = temporaryDirectory(t);
  const keylog = path.join(directory, 'keys');
  const args = ['--keylog', keylog, '--qlog', directory, '--http', '3', '--once', 'x'];
  const { code, stderr } = await connect(shared, { args });
  assert.equal(code, 0, stderr);
  assert.match(fs.readFileSync(keylog, 'utf8'), /^CLIENT_TRAFFIC_SECRET_0 /m);
  assert.ok(fs.readdirSync(directory).some((name) => /qlog/.test(name)));
});
