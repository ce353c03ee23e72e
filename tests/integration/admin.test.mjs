/*
 * The admin address: metrics that agree with what clients did and saw, health and readiness, and
 * POST /drain (E9). E10: every refusal is counted by its reason, and logged once.
 */
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import WebSocket from 'ws';
import { ADMIN, adminOrigin, askAdmin, growth, scrape, scrapeUntil } from './support/admin.mjs';
import { atEnd } from './support/cleanup.mjs';
import { encodeClose } from './support/frames.mjs';
import { connectHttp2 } from './support/http2_client.mjs';
import { EVENT_MS, TEST_MS, within } from './support/limits.mjs';
import { nextClose, nextMessage, openWs } from './support/npm_ws.mjs';
import { connectTcp, connectTls, head } from './support/raw_http1.mjs';
import { runTrisock, startServer } from './support/server.mjs';

const label = (name, labels) =>
  `trisock_${name}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;
const H1 = { http: 'http/1.1' };
const H2 = { http: 'h2' };

/* Gauges of memory move by themselves. */
function grown(before, after) {
  const changed = growth(before, after);
  delete changed.trisock_memory_bytes;
  delete changed.trisock_deflate_bytes;
  return changed;
}

async function echoWs(socket, text) {
  socket.send(text);
  const { data } = await nextMessage(socket);
  assert.equal(data.toString(), text);
}

async function echoFrames(peer, text) {
  peer.sendText(text);
  const { type, payload } = await peer.next();
  assert.equal(type, 'message');
  assert.equal(payload.toString(), text);
}

test('messages and sockets are counted as clients see them', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ADMIN });
  const start = await scrape(server);
  assert.equal(start[label('build_info', { version: '0.1.0' })], 1);
  assert.equal(start.trisock_draining, 0);

  const first = await openWs(t, server);
  const second = await openWs(t, server);
  for (const text of ['one', 'three', '']) {
    await echoWs(first, text);
  }
  await echoWs(second, 'twenty bytes of text');
  const connection = await connectHttp2(t, server);
  const peers = [await connection.openSocket(), await connection.openSocket()];
  await echoFrames(peers[0], 'over h2');
  await echoFrames(peers[1], 'grüße');
  assert.equal((await connection.fetch('/')).status, 200);

  /* All are open, and their traffic is there. */
  const open = await scrape(server);
  assert.deepEqual(grown(start, open), {
    [label('connections', H1)]: 2,
    [label('connections', H2)]: 1,
    [label('connections_opened_total', H1)]: 2,
    [label('connections_opened_total', H2)]: 1,
    [label('sockets', H1)]: 2,
    [label('sockets', H2)]: 2,
    [label('sockets_opened_total', H1)]: 2,
    [label('sockets_opened_total', H2)]: 2,
    [label('requests_total', H1)]: 2,
    [label('requests_total', H2)]: 3,
    [label('messages_received_total', H1)]: 4,
    [label('messages_received_total', H2)]: 2,
    [label('messages_sent_total', H1)]: 4,
    [label('messages_sent_total', H2)]: 2,
    [label('message_bytes_received_total', H1)]: 28,
    [label('message_bytes_received_total', H2)]: 14,
    [label('message_bytes_sent_total', H1)]: 28,
    [label('message_bytes_sent_total', H2)]: 14,
  });

  first.close(1000);
  assert.equal((await nextClose(first)).code, 1000);
  second.close(4000, 'mine');
  assert.equal((await nextClose(second)).code, 4000);
  peers[0].write(encodeClose(1001));
  peers[1].stream.close(8); /* CANCEL: 1006 for the server */
  await within(EVENT_MS, 'the end of the h2 socket', once(peers[1].stream, 'close'));
  const want = {
    [label('sockets', H1)]: -2,
    [label('sockets', H2)]: -2,
    [label('connections', H1)]: -2,
    [label('connections', H2)]: -1,
    [label('connections_closed_total', H1)]: 2,
    [label('connections_closed_total', H2)]: 1,
    [label('sockets_closed_total', { ...H1, code: 1000 })]: 1,
    [label('sockets_closed_total', { ...H1, code: 'other' })]: 1,
    [label('sockets_closed_total', { ...H2, code: 1001 })]: 1,
    [label('sockets_closed_total', { ...H2, code: 1006 })]: 1,
    [label('sockets_per_connection_bucket', { ...H1, le: 1 })]: 2,
    [label('sockets_per_connection_bucket', { ...H1, le: 10 })]: 2,
    [label('sockets_per_connection_bucket', { ...H1, le: 100 })]: 2,
    [label('sockets_per_connection_bucket', { ...H1, le: 1000 })]: 2,
    [label('sockets_per_connection_bucket', { ...H1, le: '+Inf' })]: 2,
    [label('sockets_per_connection_bucket', { ...H2, le: 10 })]: 1,
    [label('sockets_per_connection_bucket', { ...H2, le: 100 })]: 1,
    [label('sockets_per_connection_bucket', { ...H2, le: 1000 })]: 1,
    [label('sockets_per_connection_bucket', { ...H2, le: '+Inf' })]: 1,
    [label('sockets_per_connection_sum', H1)]: 2,
    [label('sockets_per_connection_sum', H2)]: 2,
    [label('sockets_per_connection_count', H1)]: 2,
    [label('sockets_per_connection_count', H2)]: 1,
  };
  await scrapeUntil(server, (samples) => assert.equal(samples[label('sockets', H2)], 0));
  connection.session.close();
  await scrapeUntil(server, (samples) => assert.deepEqual(grown(open, samples), want));
});

/* Each of them is one refusal: [labels, reason, status, what provokes it]. */
function refusals(t, server, connection) {
  const raw = () => connectTls(t, server);
  const send = async (bytes) => {
    const peer = await raw();
    peer.send(bytes);
    return (await peer.response()).status;
  };
  const upgrade = async (path, changes) => (await (await raw()).upgrade(path, changes)).status;
  const connect = async (path, fields) =>
    (await connection.connect(path, { origin: undefined, ...fields })).status;
  const host = ['Host', server.authority];
  return [
    [H1, 'malformed', 400, () => send(head('GET / HTTP/1.1'))],
    [H1, 'malformed', 400, () => send(head('GET / HTTP/1.1', [host, 'a b: c']))],
    [H1, 'malformed', 400, () => upgrade('/echo', { 'Sec-WebSocket-Extensions': 'a; =' })],
    [H1, 'plain', 426, () => send(head('GET /echo HTTP/1.1', [host]))],
    [H1, 'version', 426, () => upgrade('/echo', { 'Sec-WebSocket-Version': '12' })],
    [H1, 'origin', 403, () => upgrade('/echo', { Origin: 'https://evil.example' })],
    [H1, 'application', 404, () => upgrade('/rooms/not/a/name')],
    [H1, 'cleartext', 426, async () => {
      const peer = await connectTcp(t, server.cleartextPort);
      return (await peer.get('/')).status;
    }],
    [H2, 'path', 404, () => connect('/none')],
    [H2, 'plain', 400, async () => (await connection.fetch('/echo')).status],
    [H2, 'version', 400, () => connect('/echo', { 'sec-websocket-version': undefined })],
    [H2, 'origin', 403, () => connect('/hello', { origin: 'null' })],
    [H2, 'protocol', 501, () => connect('/echo', { ':protocol': 'connect-udp' })],
    [H2, 'sockets', 503, () => connect('/rooms/not/a/name')],
  ];
}

test('E10: each refusal is counted and logged once', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, {
    args: [...ADMIN, '--origin', 'https://example.com', '--max-sockets', '1'],
    cleartext: true,
  });
  const connection = await connectHttp2(t, server);
  await connection.openSocket('/echo', { origin: undefined });
  let logged = 0;
  for (const [by, reason, status, refuse] of refusals(t, server, connection)) {
    const what = `${by.http}, ${reason}`;
    const before = await scrape(server);
    assert.equal(await refuse(), status, what);
    const name = label('requests_refused_total', { ...by, reason });
    const after = await scrapeUntil(server, (samples) =>
      assert.equal(samples[name], before[name] + 1, what),
    );
    const changes = Object.entries(growth(before, after));
    const refused = changes.filter(([key]) => key.includes('refused'));
    assert.deepEqual(refused, [[name, 1]]);
    logged += 1;
    const records = await server.log.waitFor('request.refuse', {}, logged);
    assert.equal(records.length, logged, what);
    assert.equal(records.at(-1).reason, reason);
    assert.equal(records.at(-1).http, by.http);
    assert.equal(records.at(-1).status, String(status));
  }
});

test('a flood of refusals does not flood the log', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ADMIN });
  const connection = await connectHttp2(t, server);
  const count = 300;
  for (let i = 0; i < count; i += 1) {
    const { status, stream } = await connection.connect('/none');
    assert.equal(status, 404);
    stream.close();
  }
  const name = label('requests_refused_total', { ...H2, reason: 'path' });
  await scrapeUntil(server, (samples) => assert.equal(samples[name], count));
  const told = () =>
    server.log
      .records('request.refuse.more')
      .reduce((sum, { not_logged: number }) => sum + Number(number), 0);
  await server.log.waitFor('request.refuse.more');
  await within(
    EVENT_MS,
    'the rest of the refusals to be told',
    (async () => {
      while (server.log.records('request.refuse').length + told() < count) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })(),
  );
  assert.equal(server.log.records('request.refuse').length + told(), count);
  assert.ok(told() > 0);
});

test('it answers what it should, and not to pages', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: ADMIN });
  const statusOf = async (path, options) => (await askAdmin(server, path, options)).status;
  assert.equal(await statusOf('/healthz'), 200);
  assert.equal(await statusOf('/readyz'), 200);
  assert.equal(await statusOf('/metrics', { method: 'HEAD' }), 200);
  assert.equal(await statusOf('/'), 404);
  assert.equal(await statusOf('/echo'), 404);
  assert.equal(await statusOf('/metrics', { headers: { host: 'evil.example' } }), 421);
  assert.equal(await statusOf('/metrics', { method: 'POST' }), 405);
  assert.equal((await askAdmin(server, '/drain')).headers.allow, 'POST');
  const post = (headers) => statusOf('/drain', { method: 'POST', headers });
  assert.equal(await post({ origin: 'http://localhost' }), 403);
  assert.equal(await post({ 'sec-fetch-site': 'cross-site' }), 403);
  assert.equal(await post({ host: 'evil.example' }), 421);
  assert.equal(await statusOf('/readyz'), 200);

  const socket = new WebSocket(`${adminOrigin(server).replace('http', 'ws')}/echo`);
  socket.on('error', () => {});
  const [, response] = await within(EVENT_MS, 'no upgrade', once(socket, 'unexpected-response'));
  assert.equal(response.statusCode, 404);
  socket.terminate();
  const samples = await scrape(server);
  assert.equal(samples[label('requests_total', H1)], 0);
  assert.equal(samples[label('connections_opened_total', H1)], 0);
});

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('E9: POST /drain closes the sockets and ends the server', { timeout: TEST_MS }, async (t) => {
  const server = await startServer(t, { args: [...ADMIN, '--drain-seconds', '2'] });
  const sockets = await Promise.all(Array.from({ length: 4 }, () => openWs(t, server)));
  const connection = await connectHttp2(t, server);
  const peers = await Promise.all(Array.from({ length: 4 }, () => connection.openSocket()));
  const agent = new http.Agent({ keepAlive: true }); /* such a client must not keep it alive */
  atEnd(t, () => agent.destroy());
  assert.equal((await askAdmin(server, '/readyz', { agent })).status, 200);
  const closes = sockets.map((socket) => nextClose(socket));

  const drain = await askAdmin(server, '/drain', { method: 'POST', agent });
  assert.equal(drain.status, 202);
  const [started] = await server.log.waitFor('drain.start');
  assert.equal(started.sockets, '8');
  assert.equal(started.ms, '2000');
  assert.equal((await askAdmin(server, '/readyz')).status, 503);
  assert.equal((await askAdmin(server, '/healthz', { agent })).status, 200);
  const during = await scrape(server);
  assert.equal(during.trisock_draining, 1);
  assert.ok(during[label('sockets', H1)] + during[label('sockets', H2)] > 0);
  assert.equal((await connection.connect('/echo')).status, 503);
  const refused = label('requests_refused_total', { ...H2, reason: 'stopping' });
  assert.equal((await scrape(server))[refused], 1);

  for (const { code } of await Promise.all(closes)) {
    assert.equal(code, 1001);
  }
  for (const peer of peers) {
    const { type, code } = await peer.next();
    assert.deepEqual({ type, code }, { type: 'close', code: 1001 });
    peer.write(encodeClose(1001));
    peer.stream.end();
  }
  await within(
    EVENT_MS,
    'the process to end',
    (async () => {
      while (isRunning(server.pid)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })(),
  );
  await server.stop(); /* checks the exit code */
});

test('an address that others can reach is not taken', { timeout: TEST_MS }, async () => {
  const { code, stderr } = await runTrisock(['serve', '--admin', '0.0.0.0:0']);
  assert.equal(code, 2);
  assert.match(stderr, /--admin 0\.0\.0\.0:0 can be reached from elsewhere/);
});
