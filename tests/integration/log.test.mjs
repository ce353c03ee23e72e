/* What the server writes for its user: the log in both formats, the key log, the qlog. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openChromium } from './support/chromium.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { TEXT } from './support/frames.mjs';
import { echoAndClose } from './support/in_page.mjs';
import { TEST_MS } from './support/limits.mjs';
import { temporaryDirectory } from './support/processes.mjs';
import { connectTls } from './support/raw_http1.mjs';
import { startServer, startServerForBrowser } from './support/server.mjs';

/* One socket over h1 and one over h2, each with one message of 5 bytes and the close 4005. */
async function useServer(t, server) {
  for (const peer of [
    await (await connectTls(t, server)).openSocket(),
    await (await connectHttp2(t, server)).openSocket(),
  ]) {
    await peer.echo(TEXT, 'hello');
    await peer.close(4005, '');
  }
}

test(
  'A socket has a text line for its opening and one for its close',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServer(t);
    await useServer(t, server);
    for (const http of ['http/1.1', 'h2']) {
      const [opened] = await server.log.waitFor('ws.open', { http, path: '/echo' });
      assert.match(opened.remote, /^127\.0\.0\.1:\d+$/);
      assert.match(opened.conn, /^\d+$/);
      assert.match(opened.stream, /^\d+$/);
      const [closed] = await server.log.waitFor('ws.close', { id: opened.id });
      assert.deepEqual(
        [closed.http, closed.conn, closed.stream, closed.code],
        [http, opened.conn, opened.stream, '4005'],
      );
    }
  },
);

test(
  'With --log-format json every line is an object with the same facts',
  { timeout: TEST_MS },
  async (t) => {
    const server = await startServer(t, { args: ['--log-format', 'json'] });
    await useServer(t, server);
    await server.stop();
    const objects = server.log
      .text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const event of ['ws.open', 'ws.close']) {
      const found = objects.filter((object) => Object.values(object).includes(event));
      assert.deepEqual(
        found.map(({ http }) => http),
        ['http/1.1', 'h2'],
      );
      assert.ok(found.every(({ id, conn }) => id !== undefined && conn !== undefined));
    }
    const codes = objects
      .filter((object) => Object.values(object).includes('ws.close'))
      .map(({ code }) => Number(code));
    assert.deepEqual(codes, [4005, 4005]);
  },
);

test(
  '--keylog and --qlog write what Wireshark and qvis read',
  { timeout: TEST_MS },
  async (t) => {
    const directory = temporaryDirectory(t);
    const keylog = path.join(directory, 'keys.log');
    const qlog = path.join(directory, 'qlog');
    fs.mkdirSync(qlog);
    const server = await startServerForBrowser(t, { args: ['--keylog', keylog, '--qlog', qlog] });
    await useServer(t, server);
    const { page, finish } = await openChromium(t, server, 'h3');
    await page.evaluate(echoAndClose, { url: `wss://${server.authority}/echo`, sizes: [125] });
    await finish();
    await server.stop();

    const lines = fs
      .readFileSync(keylog, 'utf8')
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('#'));
    for (const line of lines) {
      assert.match(line, /^[A-Z0-9_]+ [0-9a-f]{64} [0-9a-f]+$/i);
    }
    const clients = new Set(
      lines
        .filter((line) => line.startsWith('CLIENT_TRAFFIC_SECRET_0 '))
        .map((line) => line.split(' ')[1]),
    );
    assert.ok(clients.size >= 3, `secrets of h1, h2 and h3 connections, found ${clients.size}`);
    const traces = fs
      .readdirSync(qlog)
      .map((name) => fs.readFileSync(path.join(qlog, name), 'utf8'));
    assert.ok(
      traces.some((trace) => trace.includes('qlog')),
      'a qlog file of the QUIC connection',
    );
  },
);

test('Without --keylog no secret is written anywhere', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t);
  await useServer(t, server);
  await server.stop();
  const directory = path.dirname(server.log.file);
  assert.deepEqual(
    fs.readdirSync(directory),
    ['server.log'],
    'the working directory has the log only',
  );
  assert.doesNotMatch(server.log.text(), /TRAFFIC_SECRET/);
});
