/*
 * The emulated link of `./dev link`: that its delay, rate and loss are those that it was asked for,
 * and that what runs at its ends starts and ends as it should.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { EVENT_MS, TEST_MS } from './support/limits.mjs';
import { run, start, temporaryDirectory } from './support/processes.mjs';
import { BINARY, sanitizerEnvironment } from './support/server.mjs';
import { identity } from './support/identity.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const program = (variable, name) =>
  path.resolve(REPOSITORY, process.env[variable] ?? `build/release/${name}`);
const LINK_RUN = program('TRISOCK_LINK_RUN', 'link_run');
const LINK_PROBE = program('TRISOCK_LINK_PROBE', 'link_probe');
const PORT = '9000';
const SERVER = '10.77.0.2';
const PROBED = [SERVER, PORT];

/* Everything else must work. */
function whyNot() {
  if (!fs.existsSync('/dev/net/tun')) {
    return 'there is no /dev/net/tun';
  }
  return process.getuid() === 0 ? false : 'only root makes network namespaces';
}
const options = { skip: whyNot(), timeout: TEST_MS };

/*
 * Runs the link with |args|, and |command| on the client's end. { code, stdout, stderr, stats,
 * lines }: |lines| is what the server printed, as far as it is JSON.
 */
async function link(t, args, command) {
  const file = path.join(temporaryDirectory(t), 'stats.json');
  const result = await run(LINK_RUN, ['--stats', file, ...args, '--', ...command], {
    timeoutMs: TEST_MS,
    env: sanitizerEnvironment(),
  });
  const stats = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
  const lines = [...result.stderr.matchAll(/^\{.*\}$/gm)].map(([line]) => JSON.parse(line));
  return { ...result, stats, lines };
}

/* The same with the probe at both ends. What it told is |told|. */
async function probe(t, args, [mode, ...numbers]) {
  const result = await link(
    t,
    [...args, '--server', `exec ${LINK_PROBE} serve ${PORT}`],
    [LINK_PROBE, mode, ...PROBED, ...numbers.map(String)],
  );
  assert.equal(result.code, 0, result.stderr);
  for (const way of [result.stats.up, result.stats.down]) {
    assert.equal(way.overruns, 0, 'the link was not fast enough');
  }
  return { ...result, told: result.stdout ? JSON.parse(result.stdout) : result.lines[0] };
}

function assertWithin(got, wanted, share, what) {
  const off = Math.abs(got - wanted) / wanted;
  assert.ok(off <= share, `${what}: ${got}, wanted ${wanted} within ${share * 100} %`);
}

/* A machine that is busy with something else may be late once; the link itself is not, three times. */
async function measured(t, check) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await check();
    } catch (error) {
      if (tries === 3) {
        throw error;
      }
      t.diagnostic(`once more: ${error.message}`);
    }
  }
}

/* Over a link of 0 ms it is what the machine takes by itself: wakings at both ends and between. */
async function roundTrip(t, delay, count) {
  const { told } = await probe(t, ['--delay', `${delay}ms`], ['ping', count, 0]);
  assert.equal(told.got, count);
  t.diagnostic(`${delay} ms: ${JSON.stringify(told)}`);
  return told;
}

for (const [delay, count] of [
  [5, 400],
  [25, 100],
]) {
  test(`a link of ${delay} ms makes a round trip longer by twice that, within 5 %`, options, (t) =>
    measured(t, async () => {
      const without = await roundTrip(t, 0, count);
      const told = await roundTrip(t, delay, count);
      assertWithin(told.median_us - without.median_us, 2000 * delay, 0.05, 'median');
      assertWithin(told.mean_us - without.mean_us, 2000 * delay, 0.05, 'mean');
      assert.ok(told.min_us >= 2000 * delay * 0.98, `min ${told.min_us}`);
    }),
  );
}

test(
  'of 100,000 packets the asked share is lost, the same ones with the same seed',
  options,
  async (t) => {
    const count = 100_000;
    const lose = async (loss, seed) => {
      const args = ['--loss', loss, '--delay', '2ms', '--seed', seed];
      const { told, stats } = await probe(t, args, ['count', count, 20, 64]);
      /* What did not arrive is what the link says that it lost, and nothing else. */
      const lost = stats.up.lost_packets.filter((number) => number <= count);
      assert.deepEqual(told.missing, lost);
      assert.equal(told.got, count - lost.length);
      assert.equal(stats.up.packets, stats.up.delivered + stats.up.lost);
      return told.missing;
    };
    const once = await lose('1%', '7');
    assertWithin(once.length, count * 0.01, 0.1, 'lost');
    assert.deepEqual(await lose('1%', '7'), once);
    const other = await lose('1%', '8');
    assertWithin(other.length, count * 0.01, 0.1, 'lost');
    const both = new Set(once);
    const common = other.filter((number) => both.has(number));
    assert.ok(common.length < once.length / 10, `${common.length} are lost with both seeds`);
    assertWithin((await lose('0.02', '7')).length, count * 0.02, 0.1, 'lost');
  },
);

test(
  'losses do not depend on when packets come, nor on what else the link does',
  options,
  async (t) => {
    const lose = async (args, gap) => {
      const loss = ['--loss', '5%', '--seed', '3'];
      return (await probe(t, [...loss, ...args], ['count', 5000, gap, 100])).told.missing;
    };
    const once = await lose([], 10);
    assert.ok(once.length > 200);
    assert.deepEqual(await lose(['--delay', '30ms'], 100), once);
    assert.deepEqual(
      await lose(['--delay', '3ms', '--rate', '100mbit', '--reorder', '2%'], 50),
      once,
    );
  },
);

test('a rate is kept within 5 %, and the queue drops what comes too fast', options, (t) =>
  measured(t, async () => {
    for (const [rate, gap] of [
      [20, 200],
      [2, 2000],
    ]) {
      const count = 1000 + 200 * rate; /* a second or two */
      const args = ['--rate', `${rate}mbit`, '--queue', '50ms'];
      const { told, stats } = await probe(t, args, ['count', count, gap, 1000]);
      const packetBytes = 1000 + 28; /* headers of IPv4 and UDP count */
      const bps = (told.bytes * (packetBytes / 1000) * 8) / told.seconds;
      t.diagnostic(`${rate} mbit: ${(bps / 1e6).toFixed(3)}`);
      assertWithin(bps, rate * 1e6, 0.05, 'rate');
      assert.equal(stats.up.lost, 0);
      assert.equal(stats.up.dropped, count - told.got);
      assert.ok(stats.up.dropped > count / 4);
    }
  }),
);

test('packets are overtaken, as many as asked, and none is lost', options, async (t) => {
  const args = ['--delay', '10ms', '--reorder', '1%', '--seed', '5'];
  const { told, stats } = await probe(t, args, ['count', 20_000, 100, 64]);
  assert.deepEqual(told.missing, []);
  assertWithin(told.overtaken, 200, 0.3, 'overtaken');
  assert.ok(Math.abs(told.overtaken - stats.up.reordered_packets.length) <= 3);
});

test('what UDP sends in one call (GSO) goes as packets of its own', options, async (t) => {
  const { told, stats } = await probe(t, [], ['segments', 40, 1200]);
  assert.deepEqual(told, { sent: 40, back: 40 });
  assert.equal(stats.up.packets, 40);
  assert.equal(stats.up.longest, 1200 + 28);
});

/* `trisock serve` as the server: { args, ca }. */
async function trisock(t) {
  const { certFile, keyFile } = await identity();
  const serve = `exec ${BINARY} serve --listen ${SERVER}:8443 --cert ${certFile} --key ${keyFile}`;
  const root = temporaryDirectory(t);
  fs.writeFileSync(path.join(root, 'large'), Buffer.alloc(1 << 20, 'x'));
  return ['--ready', 'serving', '--server', `${serve} --root ${root} --log /dev/null`];
}

test(
  'TCP goes the same way: segments no longer than the MTU, round trips, losses',
  options,
  async (t) => {
    const args = ['--delay', '20ms', '--loss', '1%', '--mtu', '1400', ...(await trisock(t))];
    const { code, stdout, stats } = await link(t, args, [
      'curl',
      '--silent',
      '--insecure',
      '--output',
      '/dev/null',
      '--write-out',
      '%{http_code} %{size_download} %{time_connect} %{time_appconnect}',
      `https://${SERVER}:8443/large`,
    ]);
    const [status, bytes, connect, secure] = stdout.split(' ').map(Number);
    assert.deepEqual({ code, status, bytes }, { code: 0, status: 200, bytes: 1 << 20 });
    assert.ok(connect >= 0.04, `one round trip for TCP, ${connect} s`);
    assert.ok(secure >= 0.08, `and one for TLS, ${secure} s`);
    assert.ok(stats.down.packets > (1 << 20) / 1400);
    assert.ok(stats.down.longest <= 1400 && stats.down.longest > 1200, `${stats.down.longest}`);
    assert.equal(stats.down.lost, stats.down.lost_packets.length);
    assert.ok(stats.down.lost > 0);
  },
);

test('both ends have IPv4 and IPv6, and the command is told the addresses', options, async (t) => {
  const serve = `require('net').createServer((s) => s.end('hello')).listen(${PORT}, '::')`;
  const talk = `for (const host of [process.env.LINK_SERVER, process.env.LINK_SERVER6])
    require('net').connect(${PORT}, host).on('data', (data) => console.log(host, String(data)))`;
  const { code, stdout, stderr } = await link(
    t,
    ['--ready', PORT, '--server', `exec '${process.execPath}' -e "${serve}"`],
    [process.execPath, '-e', talk],
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.trim().split('\n').sort(), ['10.77.0.2 hello', 'fd77::2 hello']);
});

test("the exit status is the command's", options, async (t) => {
  assert.equal((await link(t, [], ['sh', '-c', 'exit 7'])).code, 7);
  assert.equal((await link(t, [], ['sh', '-c', 'kill -9 $$'])).code, 128 + 9);
  assert.equal((await link(t, [], ['/nowhere'])).code, 127);
});

test('wrong options, and a server that does not start, are told', options, async (t) => {
  const wrong = await link(t, ['--delay', '25'], ['true']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--delay wants a time/);
  const dead = await link(t, ['--server', 'exit 3'], ['true']);
  assert.equal(dead.code, 125);
  assert.match(dead.stderr, /the server ended with status 3 before it was ready/);
});

const isThere = (pid) => fs.existsSync(`/proc/${pid}`);

async function waitUntil(what, isSo) {
  for (let waited = 0; !isSo(); waited += 50) {
    assert.ok(waited < EVENT_MS, what);
    await pause(50);
  }
}

/* A server with a process of its own beside it, neither of which ends when asked to. */
const STUBBORN = `trap '' TERM; sleep 600 & echo $$ $! >FILE; echo ready; sleep 600`;

test('the server ends when the command does, with all that it started', options, async (t) => {
  const file = path.join(temporaryDirectory(t), 'pids');
  const server = STUBBORN.replace('FILE', file);
  const { code } = await link(t, ['--server', server], ['cat', file]);
  assert.equal(code, 0);
  const pids = fs.readFileSync(file, 'utf8').trim().split(' ');
  await waitUntil('the server is there', () => !pids.some(isThere));
});

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`nothing outlives a link that gets ${signal}`, options, async (t) => {
    const directory = temporaryDirectory(t);
    const files = ['server', 'command'].map((name) => path.join(directory, name));
    const command = `echo $$ >${files[1]}; exec sleep 600`;
    const server = STUBBORN.replace('FILE', files[0]);
    const started = start(LINK_RUN, ['--server', server, '--', 'sh', '-c', command]);
    await waitUntil('it starts', () => fs.existsSync(files[1]) && fs.statSync(files[1]).size > 0);
    process.kill(started.child.pid, signal);
    const ended = await started.exited;
    assert.deepEqual(
      [ended.code, ended.signal],
      signal === 'SIGTERM' ? [128 + 15, null] : [null, 'SIGKILL'],
    );
    const pids = files.flatMap((file) => fs.readFileSync(file, 'utf8').trim().split(' '));
    assert.equal(pids.length, 3);
    await waitUntil('they are there', () => !pids.some(isThere));
  });
}
