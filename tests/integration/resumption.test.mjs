/*
 * N7: TLS sessions are resumed over TCP, by OpenSSL as node has it: on the same server, across a
 * reload of its certificates, and by another server with the same secret; early data over QUIC, as
 * Chromium sends it; and what an intermediary says was early is refused with 425 where it may not be
 * repeated.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { ADMIN, scrape, scrapeUntil } from './support/admin.mjs';
import { openChromium } from './support/chromium.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { temporaryDirectory } from './support/processes.mjs';
import { BLANK_PAGE, startServer, startServerForBrowser } from './support/server.mjs';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
const REQUEST = 'GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n';

/*
 * One connection of |version| with |session| (undefined: none), on which |request| is sent. Returns
 * { reused, session, response }: the session is the newest that the server gave.
 */
async function visit(server, version, session, request = `${REQUEST}\r\n`) {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: server.port,
    servername: 'localhost',
    ALPNProtocols: ['http/1.1'],
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    session,
  });
  let newest;
  let response = '';
  socket.on('session', (given) => {
    newest = given;
  });
  socket.on('data', (data) => {
    response += data;
  });
  try {
    await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
    assert.equal(socket.getProtocol(), version);
    const reused = socket.isSessionReused();
    socket.write(request);
    await within(EVENT_MS, 'the end of the response', once(socket, 'close'));
    assert.ok(response.startsWith('HTTP/1.1 '), `an answer came: ${response}`);
    return { reused, session: newest, response };
  } finally {
    socket.destroy();
  }
}

for (const version of VERSIONS) {
  test(`N7: a session is resumed, also after a reload, ${version}`, { timeout: TEST_MS }, async (t) => {
    const server = await startServer(t, { args: ADMIN });
    const first = await visit(server, version);
    assert.equal(first.reused, false);
    const second = await visit(server, version, first.session);
    assert.equal(second.reused, true);
    process.kill(server.pid, 'SIGHUP');
    await server.log.waitFor('reload.done');
    assert.equal((await visit(server, version, first.session)).reused, true);
    const next = second.session ?? first.session; /* TLS 1.2 gives one only when it is due */
    assert.equal((await visit(server, version, next)).reused, true);
    assert.equal((await scrape(server)).trisock_tls_resumed_total, 3);
  });

  test(
    `N7: another server with the same secret resumes it, and one with another does not, ${version}`,
    { timeout: TEST_MS },
    async (t) => {
      const directory = temporaryDirectory(t);
      const args = ['--secret-file', path.join(directory, 'secret')];
      const server = await startServer(t, { args });
      const { session } = await visit(server, version);
      await server.stop();
      const same = await startServer(t, { args });
      assert.equal((await visit(same, version, session)).reused, true);
      const other = await startServer(t, {
        args: ['--secret-file', path.join(directory, 'other')],
      });
      assert.equal((await visit(other, version, session)).reused, false);
    },
  );
}

test('N7: a server for TCP alone keeps a secret too', { timeout: TEST_MS }, async (t) => {
  const directory = temporaryDirectory(t);
  const file = path.join(directory, 'secret');
  const options = { args: ['--secret-file', file], http: '1.1,2' };
  const server = await startServer(t, options);
  assert.match(fs.readFileSync(file, 'utf8'), /^[0-9a-f]{64}\n$/);
  const { session } = await visit(server, 'TLSv1.3');
  await server.stop();
  const same = await startServer(t, options);
  assert.equal((await visit(same, 'TLSv1.3', session)).reused, true);
});

test('N7: early data of an intermediary is answered or refused', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t);
  const ask = async (line, extra = '') => {
    const head = `${line} HTTP/1.1\r\nHost: localhost\r\n${extra}`;
    const request = `${head}Connection: close\r\nEarly-Data: 1\r\n\r\n`;
    return (await visit(server, 'TLSv1.3', undefined, request)).response;
  };
  assert.match(await ask('GET /'), /^HTTP\/1\.1 200 /);
  assert.match(await ask('POST /', 'Content-Length: 0\r\n'), /^HTTP\/1\.1 425 Too Early\r\n/);
  assert.match(await ask('GET /echo'), /^HTTP\/1\.1 425 Too Early\r\n/);
});

/*
 * Chromium comes back, over QUIC, to a server that has ended its idle connection: what a GET asks
 * for goes out with its first packets. Returns the metrics behind that.
 */
async function comeBack(t, args) {
  const server = await startServerForBrowser(t, {
    args: [...ADMIN, '--keepalive-timeout', '300', ...args],
  });
  const { page, finish } = await openChromium(t, server, 'h3');
  await scrapeUntil(server, () => {
    const opened = server.log.records('conn.open').length;
    assert.equal(server.log.records('conn.close').length, opened);
  });
  const status = await page.evaluate(
    async (url) => (await fetch(url, { cache: 'no-store' })).status,
    BLANK_PAGE,
  );
  assert.equal(status, 200);
  const metrics = await scrapeUntil(server, (samples) =>
    assert.ok(samples.trisock_tls_resumed_total >= 1),
  );
  await finish();
  return metrics;
}

test('N7: Chromium has a GET answered in early data', { timeout: TEST_MS }, async (t) => {
  const metrics = await comeBack(t, ['--early-data']);
  assert.ok(metrics['trisock_early_data_total{result="accepted"}'] >= 1);
  assert.equal(metrics['trisock_early_data_total{result="refused"}'], 0);
});

test('N7: without --early-data Chromium sends none, and resumes', { timeout: TEST_MS }, async (t) => {
  const metrics = await comeBack(t, []);
  assert.equal(metrics['trisock_early_data_total{result="accepted"}'], 0);
  assert.equal(metrics['trisock_early_data_total{result="refused"}'], 0);
});
