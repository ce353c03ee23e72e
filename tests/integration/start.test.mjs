/* N8: how a start succeeds or fails, what it says, and with which exit code. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { connectHttp2 } from './support/http2_client.mjs';
import { TEXT } from './support/frames.mjs';
import { identity, spkiHash } from './support/identity.mjs';
import { LONG_TEST_MS, TEST_MS } from './support/limits.mjs';
import { hasTool, temporaryDirectory, tool } from './support/processes.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { RELEASE_BINARY, runTrisock, startServer } from './support/server.mjs';

const LISTEN = ['--listen', '127.0.0.1:0'];

async function certificateArguments() {
  const { certFile, keyFile } = await identity();
  return ['--cert', certFile, '--key', keyFile];
}

async function assertFails(args, code, ...mentions) {
  const result = await runTrisock(args);
  assert.equal(result.code, code, `exit code ${result.code}: ${result.stderr}`);
  for (const mention of mentions) {
    assert.ok(result.stderr.includes(mention), `"${mention}" is not in: ${result.stderr}`);
  }
  assert.doesNotMatch(result.stdout, /serving/);
}

test(
  'a certificate that is not there is named, exit code 1',
  { timeout: TEST_MS },
  async () => {
    const { keyFile } = await identity();
    await assertFails(
      ['serve', ...LISTEN, '--cert', '/no/such/cert.pem', '--key', keyFile],
      1,
      '/no/such/cert.pem',
    );
  },
);

test(
  'a key that is not there is named, exit code 1',
  { timeout: TEST_MS },
  async () => {
    const { certFile } = await identity();
    await assertFails(
      ['serve', ...LISTEN, '--cert', certFile, '--key', '/no/such/key.pem'],
      1,
      '/no/such/key.pem',
    );
  },
);

test(
  'a certificate that is none, or a directory, is named, exit code 1',
  { timeout: TEST_MS },
  async (t) => {
    const { keyFile } = await identity();
    const directory = temporaryDirectory(t);
    const garbage = path.join(directory, 'garbage.pem');
    fs.writeFileSync(garbage, '-----BEGIN CERTIFICATE-----\nnot one\n-----END CERTIFICATE-----\n');
    for (const file of [garbage, directory]) {
      await assertFails(['serve', ...LISTEN, '--cert', file, '--key', keyFile], 1, file);
    }
  },
);

test(
  'a key of another certificate is named, exit code 1',
  { timeout: TEST_MS },
  async (t) => {
    const { certFile } = await identity();
    const other = path.join(temporaryDirectory(t), 'other.key');
    await tool('openssl', [
      'genpkey',
      '-algorithm',
      'EC',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-out',
      other,
    ]);
    await assertFails(['serve', ...LISTEN, '--cert', certFile, '--key', other], 1, other);
  },
);

test('a TCP port in use is named, exit code 1', { timeout: TEST_MS }, async (t) => {
  const holder = net.createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address();
  await assertFails(
    ['serve', '--listen', `127.0.0.1:${port}`, ...(await certificateArguments())],
    1,
    `127.0.0.1:${port}`,
  );
});

test('a UDP port in use is named, exit code 1', { timeout: TEST_MS }, async (t) => {
  const holder = dgram.createSocket('udp4');
  t.after(() => holder.close());
  holder.bind(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address();
  await assertFails(
    ['serve', '--listen', `127.0.0.1:${port}`, ...(await certificateArguments())],
    1,
    `127.0.0.1:${port}`,
  );
});

test(
  'a missing root, or one that is a file, is named, exit code 1',
  { timeout: TEST_MS },
  async () => {
    const { certFile } = await identity();
    for (const root of ['/no/such/root', certFile]) {
      await assertFails(
        ['serve', ...LISTEN, ...(await certificateArguments()), '--root', root],
        1,
        root,
      );
    }
  },
);

test(
  'a log file that cannot be written is named, exit code 1',
  { timeout: TEST_MS },
  async () => {
    await assertFails(
      ['serve', ...LISTEN, ...(await certificateArguments()), '--log', '/no/such/dir/a.log'],
      1,
      '/no/such/dir/a.log',
    );
  },
);

for (const [name, args, mention] of [
  ['an unknown option', ['serve', '--no-such-option'], '--no-such-option'],
  ['an unknown command', ['no-such-command'], 'no-such-command'],
  ['an unknown HTTP version', ['serve', '--http', '4'], '4'],
  ['an address without a port', ['serve', '--listen', '127.0.0.1'], '127.0.0.1'],
  ['a port that is none', ['serve', '--listen', '127.0.0.1:65536'], '65536'],
  ['an unknown log format', ['serve', '--log-format', 'xml'], 'xml'],
  ['an option without its value', ['serve', '--listen'], '--listen'],
  ['a certificate without a key', ['serve', '--cert', '/no/such/cert.pem'], '--key'],
]) {
  test(`${name} is a usage error, exit code 2`, { timeout: TEST_MS }, () =>
    assertFails(args, 2, mention),
  );
}

test(
  'A user who asks gets help and the version on stdout, exit code 0',
  { timeout: TEST_MS },
  async () => {
    for (const args of [['--help'], ['serve', '--help']]) {
      const help = await runTrisock(args);
      assert.equal(help.code, 0);
      assert.match(help.stdout, /serve/);
    }
    for (const option of [
      '--listen',
      '--cert',
      '--key',
      '--root',
      '--echo',
      '--http',
      '--cleartext',
      '--keylog',
      '--qlog',
      '--log',
      '--log-format',
      '--verbose',
    ]) {
      assert.ok(
        (await runTrisock(['serve', '--help'])).stdout.includes(option),
        `${option} is in the help`,
      );
    }
    const version = await runTrisock(['--version']);
    assert.equal(version.code, 0);
    assert.match(version.stdout, /^trisock \d+\.\d+\.\d+/);
  },
);

test(
  'N8: without a certificate one is made, kept, and the command that trusts it is printed',
  { timeout: TEST_MS },
  async (t) => {
    const home = temporaryDirectory(t);
    const spkis = [];
    for (let run = 0; run < 2; run += 1) {
      const server = await startServer(t, {
        certificate: false,
        environment: { HOME: home, XDG_STATE_HOME: path.join(home, 'state') },
      });
      const said = server.stdout() + server.stderr();
      const [, spki] =
        /--ignore-certificate-errors-spki-list=["']?([A-Za-z0-9+/=]+)/.exec(said) ?? [];
      assert.ok(spki, `no Chromium command in: ${said}`);
      const { socket } = await connectTls(t, server, { trust: false });
      const leaf = socket.getPeerX509Certificate();
      assert.equal(spkiHash(leaf), spki);
      assert.match(leaf.subjectAltName, /DNS:localhost/);
      assert.match(leaf.subjectAltName, /IP Address:127\.0\.0\.1/);
      assert.match(leaf.subjectAltName, /IP Address:0:0:0:0:0:0:0:1/);
      spkis.push(spki);
      await server.stop();
    }
    assert.equal(spkis[0], spkis[1], 'the second run uses the certificate of the first');
    const keys = fs
      .readdirSync(home, { recursive: true })
      .map((name) => path.join(home, name))
      .filter((file) => /key/.test(path.basename(file)) && fs.statSync(file).isFile());
    assert.deepEqual(
      keys.map((file) => fs.statSync(file).mode & 0o077),
      keys.map(() => 0),
      'nobody else may read the key',
    );
  },
);

test('N1: a server on IPv4 and IPv6 says so for each address', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { listen: ['127.0.0.1', '::1'] });
  assert.equal(server.origins.length, 2);
  assert.match(server.origins.join(' '), /https:\/\/127\.0\.0\.1:\d+ https:\/\/\[::1\]:\d+/);
  assert.deepEqual(server.offered, ['h3', 'h2', 'http/1.1']);
});

test(
  'valgrind finds nothing lost in a run from serve to stop',
  { timeout: LONG_TEST_MS },
  async (t) => {
    if (!(await hasTool('valgrind'))) {
      t.skip('valgrind is not installed');
      return;
    }
    const server = await startServer(t, {
      binary: RELEASE_BINARY,
      prefix: [
        'valgrind',
        '--quiet',
        '--leak-check=full',
        '--error-exitcode=9',
        '--errors-for-leak-kinds=definite,indirect,possible',
      ],
      startMs: TEST_MS,
    });
    assert.equal((await (await connectTls(t, server)).get('/')).status, 200);
    const h1 = await (await connectTls(t, server)).openSocket();
    assert.equal((await h1.echo(TEXT, 'over h1')).payload.toString(), 'over h1');
    const h2 = await (await connectHttp2(t, server)).openSocket();
    assert.equal((await h2.echo(TEXT, 'over h2')).payload.toString(), 'over h2');
    assert.equal((await h2.close(1000, '')).close.code, 1000);
    const { stderr } = await server.stop();
    assert.doesNotMatch(stderr, /==\d+==/, stderr);
  },
);
