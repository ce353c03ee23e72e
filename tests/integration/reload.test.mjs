/*
 * N6: SIGHUP reads the file of --config again while sockets are in use: what can change counts from
 * then on, no socket is lost, and a bad file changes nothing but the log. E1: the switch of one
 * address for extended CONNECT.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { makeCertificate, servedHash } from './support/certificates.mjs';
import { openChromium } from './support/chromium.mjs';
import { echoedSince, openEchoes } from './support/echoing.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { identity } from './support/identity.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { temporaryDirectory } from './support/processes.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

const SOCKETS = 20;
const RELOADS = 3;

/* A file of options that a test may write again: { file, write(lines), args }. */
async function makeFile(t, lines) {
  const { certFile, keyFile } = await identity();
  const file = path.join(temporaryDirectory(t), 'trisock.conf');
  const write = (more) =>
    fs.writeFileSync(file, ['# a test', `cert ${certFile}`, `key ${keyFile}`, ...more].join('\n'));
  write(lines);
  return { file, write, options: { args: ['--config', file], certificate: false } };
}

async function reload(server, count) {
  process.kill(server.pid, 'SIGHUP');
  await server.log.waitFor('reload.done', {}, count);
}

/* The status of an opening handshake over HTTP/2 from a page of |origin|. */
async function statusFrom(connection, origin) {
  const { stream, status } = await connection.connect('/echo', { origin });
  stream.close();
  return status;
}

test(
  'N6: a changed file counts under load, and no socket is lost',
  { timeout: TEST_MS },
  async (t) => {
    const directory = temporaryDirectory(t);
    const config = await makeFile(t, ['max-message 1000000']);
    const server = await startServer(t, config.options);
    const echoes = await openEchoes(t, server, SOCKETS);
    const connection = await connectHttp2(t, server);
    const old = await openWs(t, server);
    for (let i = 1; i <= RELOADS; i += 1) {
      const site = await makeCertificate(directory, `site${i}`, 'DNS:site.test');
      const origin = `https://page${i}.test`;
      config.write([
        `cert ${site.certFile}`,
        `key ${site.keyFile}`,
        `max-message ${1000 * i}`,
        `origin ${origin}`,
        'subprotocol chat',
      ]);
      await reload(server, i);
      assert.equal(await servedHash(server, 'site.test'), site.hash);
      assert.equal(await statusFrom(connection, origin), 200);
      assert.equal(await statusFrom(connection, `https://page${i - 1}.test`), 403);
      old.send('x'.repeat(1000 * i));
      assert.equal((await nextMessage(old)).data.length, 1000 * i);
    }
    const marks = echoes.map((echo) => echo.rounds());
    await within(EVENT_MS, 'every socket to echo on', echoedSince(echoes, marks));
    for (const echo of echoes) {
      await echo.stop();
    }
    assert.deepEqual(
      server.log.records('ws.close').filter(({ code }) => code !== '1006'),
      [],
      'only what this test cut off has ended',
    );
    old.send('x'.repeat(1000 * RELOADS + 1));
    assert.equal((await nextClose(old)).code, 1009);
  },
);

test('N6: a bad file changes nothing and is logged', { timeout: TEST_MS }, async (t) => {
  const config = await makeFile(t, ['max-message 1000', 'origin https://a.test']);
  const server = await startServer(t, config.options);
  const connection = await connectHttp2(t, server);
  const socket = await openWs(t, server);
  const bad = [
    [['max-message 10', 'max-mesage 10'], /trisock\.conf:5: unknown option max-mesage/],
    [['max-message 10', 'origin https://'], /--origin https:\/\/ is not understood/],
    [['max-message 10', 'cert /no/such', 'key /no/such'], /\/no\/such/],
  ];
  for (const [index, [lines, reason]] of bad.entries()) {
    config.write(lines);
    process.kill(server.pid, 'SIGHUP');
    const told = await server.log.waitFor('reload.fail', {}, index + 1);
    assert.match(told[index].line, reason);
  }
  assert.equal(server.log.records('reload.done').length, 0);
  assert.equal(await statusFrom(connection, 'https://a.test'), 200);
  assert.equal(await statusFrom(connection, 'https://b.test'), 403);
  socket.send('x'.repeat(1000));
  assert.equal((await nextMessage(socket)).data.length, 1000);
});

test('N6: what waits for a restart is named in the log', { timeout: TEST_MS }, async (t) => {
  const config = await makeFile(t, []);
  const server = await startServer(t, config.options);
  config.write(['http 2', 'echo /other', 'max-message 5']);
  await reload(server, 1);
  const ignored = server.log.records('reload.ignored').map(({ setting }) => setting);
  assert.deepEqual(ignored.sort(), ['echo', 'http']);
  const socket = await openWs(t, server); /* over HTTP/1.1, at /echo */
  socket.send('123456');
  assert.equal((await nextClose(socket)).code, 1009);
});

test('N6: a socket over HTTP/3 stays through a reload', { timeout: TEST_MS }, async (t) => {
  const config = await makeFile(t, ['max-message 1000']);
  const server = await startServerForBrowser(t, config.options);
  const { page, finish } = await openChromium(t, server, 'h3');
  const exchange = (text) =>
    page.evaluate(
      ([url, message]) =>
        new Promise((resolve) => {
          window.kept ??= new WebSocket(url);
          const socket = window.kept;
          socket.onopen = () => socket.send(message);
          socket.onmessage = ({ data }) => resolve(data);
          socket.onclose = ({ code }) => resolve(`closed with ${code}`);
          if (socket.readyState === WebSocket.OPEN) {
            socket.send(message);
          }
        }),
      [`wss://${server.authority}/echo`, text],
    );
  assert.equal(await exchange('123456'), '123456');
  config.write(['max-message 5']);
  await reload(server, 1);
  assert.equal(await exchange('12345'), '12345');
  assert.equal(await exchange('123456'), 'closed with 1009');
  const [opened] = await server.log.waitFor('ws.open');
  assert.equal(opened.http, 'h3');
  assert.equal(server.log.records('ws.open').length, 1);
  await finish();
});

test('E1: extended CONNECT is off at one address alone', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, {
    listen: ['127.0.0.1'],
    args: ['--no-extended-connect', '--listen', '127.0.0.1:0'],
  });
  const [off, on] = server.stdout().match(/https:\/\/\S+/g);
  const without = await connectHttp2(t, { origin: off, authority: new URL(off).host });
  assert.ok(!without.session.remoteSettings.enableConnectProtocol);
  await assert.rejects(without.connect('/echo'));
  assert.equal((await without.fetch('/')).status, 200, 'its connection goes on');
  const [refused] = await server.log.waitFor('request.refuse');
  assert.equal(refused.reason, 'malformed');
  const socket = await openWs(t, { authority: new URL(off).host });
  socket.send('over HTTP/1.1');
  assert.equal((await nextMessage(socket)).data.toString(), 'over HTTP/1.1');
  const other = await connectHttp2(t, { origin: on, authority: new URL(on).host });
  assert.ok(other.session.remoteSettings.enableConnectProtocol);
  assert.equal((await other.connect('/echo')).status, 200);
});
