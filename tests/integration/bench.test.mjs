/*
 * `trisock bench` against servers of every kind: what it measures adds up, what a server lacks is
 * said, and a server that treats messages badly is found out, each fault under its own name.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ADMIN, scrape } from './support/admin.mjs';
import {
  assertMeasured,
  assertRefused,
  bench,
  FAULTS,
  faultsOf,
  quantile,
} from './support/bench.mjs';
import {
  startHaproxy,
  startLibwebsockets,
  startNodeHttp2,
  startNpmWs,
} from './support/echo_peers.mjs';
import { TEST_MS } from './support/limits.mjs';
import { run, temporaryDirectory } from './support/processes.mjs';
import { BINARY, runTrisock, sanitizerEnvironment, startServer } from './support/server.mjs';

const OPTIONS = { timeout: TEST_MS };
const urlOf = (server, path = '/echo') => `wss://localhost:${server.port}${path}`;

/* ---- who is measured */

test('trisock is measured on all three, and each has its carrier', OPTIONS, async (t) => {
  const server = await startServer(t);
  const { code, stdout, series } = await bench(t, urlOf(server), [
    ...['--verify', '--size', '0-4k', '--in-flight', '3', '--connections', '2', '--threads', '2'],
    ...['--server-pid', String(server.pid), '--rounds', '2'],
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /faults: none/);
  for (const [name, http] of [
    ['h1', 'http/1.1'],
    ['h2', 'h2'],
    ['h3', 'h3'],
  ]) {
    assertMeasured(series[name]);
    assert.ok(series[name].carrier.startsWith(`${http}, TLS 1.3, `), series[name].carrier);
    assert.equal(series[name].rounds.length, 2);
    assert.ok(series[name].client.user_ns > 0);
    assert.ok(series[name].server.user_ns + series[name].server.system_ns > 0);
    /* Only the first finds a server that keeps nothing of sockets before. */
    assert.equal(series[name].server_rss_open > 0, name === 'h1');
  }
});

test('npm ws is measured over HTTP/1.1, and has no other', OPTIONS, async (t) => {
  const { url } = await startNpmWs(t);
  const named = await bench(t, url, ['--http', '1.1,2,3', '--verify', '--size', '1,200,70000']);
  assert.equal(named.code, 3);
  assertMeasured(named.series.h1);
  assertRefused(named.series.h2, /h2|HTTP\/2/);
  assertRefused(named.series.h3, /./);
  assert.match(named.stdout, new RegExp(named.series.h2.why.slice(0, 20)));
  const any = await bench(t, url);
  assert.equal(any.code, 0);
  assert.equal(any.series.h2.is_run, false);
});

/* Over HTTP/2 its echoes of several sockets on one connection stop for good after some 1.1 MB, also
 * for the client of node:http2: each socket has a connection here. */
test('libwebsockets is measured over HTTP/1.1 and HTTP/2', OPTIONS, async (t) => {
  const { url, pid } = await startLibwebsockets(t);
  const { code, series } = await bench(t, url, [
    ...['--http', '1.1,2', '--verify', '--size', '200', '--server-pid', String(pid)],
    ...['--sockets', '4', '--connections', '4'],
  ]);
  assertMeasured(series.h1);
  assertMeasured(series.h2);
  assert.equal(code, 0);
});

test('node:http2 with extended CONNECT is measured over HTTP/2', OPTIONS, async (t) => {
  const { url } = await startNodeHttp2(t);
  const { code, series } = await bench(t, url, ['--http', '2', '--verify', '--size', '0-9000']);
  assertMeasured(series.h2);
  assert.equal(code, 0);
});

test('HTTP/2 without extended CONNECT is refused, and why is said', OPTIONS, async (t) => {
  const { url } = await startNodeHttp2(t, { connect: false });
  const { code, series, stdout } = await bench(t, url, ['--http', '2']);
  assert.equal(code, 3);
  assertRefused(series.h2, /SETTINGS_ENABLE_CONNECT_PROTOCOL/);
  assert.match(stdout, /SETTINGS_ENABLE_CONNECT_PROTOCOL/);
});

test("HAProxy's HTTP/2 before npm ws is measured", OPTIONS, async (t) => {
  const { url } = await startHaproxy(t);
  const { code, series } = await bench(t, url, ['--http', '2', '--verify', '--size', '0-3000']);
  assertMeasured(series.h2);
  assert.equal(code, 0);
});

/* ---- what is counted */

test('what the client counts is what the server counts', OPTIONS, async (t) => {
  const server = await startServer(t, { args: ADMIN });
  const { code, series } = await bench(t, urlOf(server), [
    ...['--rounds', '2', '--in-flight', '4', '--sockets', '10', '--connections', '3'],
  ]);
  assert.equal(code, 0);
  const samples = await scrape(server);
  for (const [name, http] of [
    ['h1', 'http/1.1'],
    ['h2', 'h2'],
    ['h3', 'h3'],
  ]) {
    const { messages_out_total: out, messages_in_total: back } = series[name];
    assert.ok(out > series[name].counts.messages_out, 'the warm-up is in it too');
    assert.equal(samples[`trisock_messages_received_total{http="${http}"}`], out);
    assert.equal(samples[`trisock_messages_sent_total{http="${http}"}`], back);
    assert.equal(out, back);
  }
});

test('every mode measures something over each version', OPTIONS, async (t) => {
  const server = await startServer(t);
  const modes = [
    ['/echo', ['--mode', 'open'], ({ counts }) => counts.sockets_opened],
    ['/echo', ['--mode', 'open', '--fresh'], ({ histograms }) => histograms.open.total],
    ['/echo', ['--mode', 'idle'], ({ histograms }) => histograms.handshake.total],
    ['/push?size=100', ['--mode', 'push'], ({ counts }) => counts.messages_in],
    ['/rooms/bench', ['--mode', 'broadcast'], ({ counts }) => counts.messages_in],
    ['/rooms/bench', ['--mode', 'broadcast', '--rate', '200'], ({ counts }) => counts.messages_in],
    ['/echo', ['--rate', '500'], ({ counts }) => counts.messages_in],
    ['/echo', ['--deflate', 'shared'], ({ counts }) => counts.messages_in],
  ];
  for (const [path, args, measured] of modes) {
    const { code, series } = await bench(t, urlOf(server, path), args);
    for (const name of ['h1', 'h2', 'h3']) {
      assert.deepEqual(faultsOf(series[name]), {}, `${args} over ${name}: ${series[name].why}`);
      assert.ok(measured(series[name]) > 0, `${args} over ${name}`);
    }
    assert.equal(code, 0);
  }
});

/* ---- bad servers */

const ONE_IN = 10_000;

/*
 * An echo, for all sockets of a server, but for each 10,000th message: with that |treat|(the
 * socket's own state, data, send) does what it wants. count() tells how many were treated.
 */
function misbehaving(treat) {
  let seen = 0;
  let treated = 0;
  return {
    count: () => treated,
    answer: () => {
      const state = {};
      return (data, send) => {
        seen += 1;
        if (state.held) {
          send(data);
          send(state.held);
          state.held = undefined;
        } else if (seen % ONE_IN === ONE_IN / 2) {
          treated += 1;
          treat(state, Buffer.from(data), send);
        } else {
          send(data);
        }
      };
    },
  };
}

function flip(data, at) {
  data[at] ^= 0x10;
  return data;
}

const TREATMENTS = [
  ['corrupts the content', 'corrupt', ['--verify'], (state, data, send) => send(flip(data, 20))],
  ['corrupts the header', 'corrupt', [], (state, data, send) => send(flip(data, 5))],
  ['cuts the end off', 'corrupt', [], (state, data, send) => send(data.subarray(0, -1))],
  ['drops', 'missing', [], () => {}],
  [
    'repeats',
    'repeated',
    [],
    (state, data, send) => {
      send(data);
      send(data);
    },
  ],
  [
    'reorders',
    'reordered',
    [],
    (state, data) => {
      state.held = data; /* the next one on the socket goes before it */
    },
  ],
];

const LOAD = ['--in-flight', '16', '--sockets', '4', '--duration', '3s'];

for (const [does, fault, args, treat] of TREATMENTS) {
  const name = `a server that ${does} one echo in ${ONE_IN} is found out: ${fault}`;
  test(name, OPTIONS, async (t) => {
    const bad = misbehaving(treat);
    const { url } = await startNpmWs(t, bad.answer);
    const { code, series, stdout } = await bench(t, url, ['--http', '1.1', ...LOAD, ...args]);
    assert.ok(bad.count() > 0, `only ${series.h1.counts.messages_in} messages`);
    assert.deepEqual(faultsOf(series.h1), { [fault]: bad.count() });
    assert.ok(FAULTS.includes(fault));
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(fault));
  });
}

test('a lost echo is found out over HTTP/2 too', OPTIONS, async (t) => {
  const bad = misbehaving(() => {});
  const { url } = await startNodeHttp2(t, { answer: bad.answer });
  const { code, series } = await bench(t, url, ['--http', '2', ...LOAD]);
  assert.ok(bad.count() > 0, `only ${series.h2.counts.messages_in} messages`);
  assert.deepEqual(faultsOf(series.h2), { missing: bad.count() });
  assert.equal(code, 1);
});

test('a server that closes its sockets is found out', OPTIONS, async (t) => {
  let left = 100;
  const { url } = await startNpmWs(t, (socket) => (data, send) => {
    left -= 1;
    if (left === 0) {
      socket.close(4001, 'enough');
    } else {
      send(data);
    }
  });
  const { code, series } = await bench(t, url, ['--http', '1.1']);
  assert.deepEqual(faultsOf(series.h1), { closed: 1 });
  assert.equal(series.h1.why, 'a socket was closed with 4001: enough');
  assert.equal(code, 1);
});

/* All of the server stands still, as in a collection of garbage. */
function stallEverySecond(t) {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => Atomics.wait(nothing, 0, 0, 100), 1000);
  t.after(() => clearInterval(timer));
}

test('a sleep of 100 ms each second shows in the open-loop p99.9', OPTIONS, async (t) => {
  const { url } = await startNpmWs(t);
  stallEverySecond(t);
  const args = ['--http', '1.1', '--rate', '500', '--duration', '4s'];
  const { code, series } = await bench(t, url, args);
  assert.equal(code, 0);
  const { latency } = series.h1.histograms;
  assert.ok(latency.total >= 1999 && latency.total <= 2001, `${latency.total} messages`);
  const late = quantile(latency, 0.999);
  assert.ok(late > 85e6, `the p99.9 is ${late} ns`);
  /* One message in ten met the sleep, and waited for 50 ms on average: the p95 tells too. */
  assert.ok(quantile(latency, 0.96) > 20e6);
  assert.ok(quantile(latency, 0.5) < 50e6);
});

/* ---- how it ends */

test('SIGINT ends it with the results so far', OPTIONS, async (t) => {
  const server = await startServer(t);
  const { code, result, series, stdout } = await bench(
    t,
    urlOf(server),
    ['--http', '1.1', '--duration', '100s'],
    { onStart: (child) => setTimeout(() => child.kill('SIGINT'), 3000) },
  );
  assert.equal(code, 0);
  assert.equal(result.is_interrupted, true);
  assertMeasured(series.h1);
  assert.ok(series.h1.seconds > 0.1 && series.h1.seconds < 20, `${series.h1.seconds} s`);
  assert.match(stdout, /interrupted/i);
});

test('a second SIGINT ends it at once', OPTIONS, async (t) => {
  /* It answers nothing more, so that the first one has to wait for what is missing. */
  let left = 20;
  const { url } = await startNpmWs(t, () => (data, send) => {
    left -= 1;
    if (left > 0) {
      send(data);
    }
  });
  const { code, result } = await bench(t, url, ['--http', '1.1', '--duration', '100s'], {
    onStart: (child) => {
      setTimeout(() => child.kill('SIGINT'), 3000);
      setTimeout(() => child.kill('SIGINT'), 5000);
    },
  });
  assert.equal(code, 130);
  assert.equal(result, undefined);
});

test('a server that is not there is no fault of the messages', OPTIONS, async (t) => {
  const { code, series, stdout } = await bench(t, 'wss://localhost:1/echo', []);
  assert.equal(code, 3);
  for (const name of ['h1', 'h2', 'h3']) {
    assertRefused(series[name], /./);
    assert.deepEqual(faultsOf(series[name]), {});
  }
  assert.match(stdout, /cannot be reached/);
});

test('a path that is refused is told with its status', OPTIONS, async (t) => {
  const server = await startServer(t);
  const { code, series } = await bench(t, urlOf(server, '/missing'), []);
  assert.equal(code, 3);
  for (const name of ['h1', 'h2', 'h3']) {
    assertRefused(series[name], /404/);
  }
});

test('a report that cannot be written is told, and the file of results is there', OPTIONS, async (t) => {
  const server = await startServer(t);
  const file = path.join(temporaryDirectory(t), 'bench.json');
  const command = 'exec "$0" bench "$@" >/dev/full';
  const args = [urlOf(server), '--insecure', '--duration', '100ms', '--rounds', '1', '--json', file];
  const options = { env: sanitizerEnvironment(), timeoutMs: TEST_MS };
  const { code, stderr } = await run('/bin/sh', ['-c', command, BINARY, ...args], options);
  assert.equal(code, 2);
  assert.match(stderr, /the report could not be written to standard output/);
  assert.ok(JSON.parse(fs.readFileSync(file, 'utf8')).series[0].is_run);
});

test('arguments that cannot be used end it with status 2', OPTIONS, async () => {
  for (const [args, sentence] of [
    [[], 'bench needs a URL, such as wss://localhost:8443/echo'],
    [['wss://h/', '--rate', 'x'], '--rate x is not understood; give messages a second, like 500'],
    [['--compare', '/nowhere/a.json', '/nowhere/b.json'], '/nowhere/a.json'],
  ]) {
    const { code, stderr, stdout } = await runTrisock(['bench', ...args]);
    assert.equal(code, 2);
    assert.equal(stdout, '');
    assert.ok(stderr.includes(sentence), stderr);
  }
  const help = await runTrisock(['bench', '--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: trisock bench URL/);
});
