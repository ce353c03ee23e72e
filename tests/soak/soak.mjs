#!/usr/bin/env node
/*
 * A soak: for a long time clients of every kind on HTTP/1.1, HTTP/2 and HTTP/3 connect, talk,
 * vanish and misbehave. They come in waves; between them is an idle point, at which the server must
 * be as it was: no connection, the same descriptors, the same memory. Every fourth wave behaves; of
 * that one the server's counters must say exactly what the clients did.
 *
 *   ./dev soak [--minutes N] [--seed S] [--asan] [--out DIR]
 *
 * TRISOCK_BIN is the server, TRISOCK_SOAK_H3 the clients of HTTP/3.
 */
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startServerForBrowser } from '../integration/support/server.mjs';
import { playOnce } from './soak_actors.mjs';
import { CHROMIUM_SCENE, hasChromium } from './soak_chromium.mjs';
import { checkCounters, KNOWN, since } from './soak_counters.mjs';
import {
  descriptorsTolerance,
  judgeGrowth,
  memoryTolerance,
  ownTolerance,
} from './soak_growth.mjs';
import { Http3Clients } from './soak_h3.mjs';
import { readLog } from './soak_log.mjs';
import { Hang, playInNode } from './soak_node.mjs';
import { Random, seedOf } from './soak_random.mjs';
import { report } from './soak_report.mjs';
import { HTTPS, metricKey, Tally } from './soak_tally.mjs';
import { look, readMetrics, sum, Watch } from './soak_watch.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const SOAK_H3 = path.resolve(REPOSITORY, process.env.TRISOCK_SOAK_H3 ?? 'build/dev/soak_h3');

const ADMIN = /^trisock: metrics at http:\/\/([^/\s]+)\/metrics$/m;

const WAVE_SECONDS_LEAST = 30;
const WAVE_SECONDS_MOST = 60;
const CALM_SECONDS = 15; /* of a wave, for its end */
const POLITE_EVERY = 4;
const CHROMIUM_EVERY = 3;
const IDLE_MS = 30_000;
const SETTLE_MS = 5000; /* for handshakes, which no gauge counts, and closes that linger */

const HTTP3_CLIENTS = 4; /* at a time */
const HANGS_MOST = 0.1; /* of the waves: clients that hang tell nothing of the server */

/*
 * Deadlines short enough for the vanished to be gone at the idle points, and limits that the
 * clients reach.
 */
const SERVER_ARGS = [
  ['--admin', '127.0.0.1:0'],
  ['--deflate', 'shared'],
  ['--handshake-timeout', '8000'],
  ['--request-timeout', '8000'],
  ['--ping-interval', '4000'],
  ['--idle-timeout', '10000'],
  ['--keepalive-timeout', '8000'],
  ['--close-timeout', '4000'],
  ['--max-message', String(2 * 1024 * 1024)],
  ['--max-half-open', '3'],
].flat();

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    asan: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/* Known before the server starts, because the origin that it allows has it. */
async function freePort() {
  const listener = net.createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address();
  listener.close();
  await once(listener, 'close');
  return port;
}

class Soak {
  constructor(minutes, seed) {
    this.minutes = minutes;
    this.seed = seed;
    this.tally = new Tally();
    this.failures = [];
    this.idle = [];
    this.reloads = 0;
    this.notes = [];
    this.politeCounters = [];
    this.politeWaves = 0;
    this.politeMetrics = new Map();
    this.politeBounds = new Map();
  }

  async start(t) {
    const port = await freePort();
    this.server = await startServerForBrowser(t, {
      listen: [`127.0.0.1:${port}`],
      args: [...SERVER_ARGS, '--origin', `https://127.0.0.1:${port}`],
    });
    this.admin = ADMIN.exec(this.server.stdout())?.[1];
    if (!this.admin) {
      throw new Error(`the server tells no admin address:\n${this.server.stdout()}`);
    }
    this.watch = new Watch(this.server, this.admin);
    this.http3 = new Http3Clients(SOAK_H3, this.server, this.seed, this.tally);
  }

  /* One wave of |seconds|, and the idle point after it. */
  async wave(index, seconds) {
    const isPolite = index % POLITE_EVERY === 1;
    const before = { metrics: await readMetrics(this.admin), bounds: this.tally.snapshot() };
    let hung;
    const stage = {
      server: this.server,
      tally: this.tally,
      seed: this.seed,
      wave: index,
      isPolite,
    };
    const reload = setTimeout(() => this.#reload(), seconds * 500);
    await Promise.all([
      playInNode(stage, seconds).catch((error) => {
        if (!(error instanceof Hang)) {
          throw error;
        }
        hung = error;
      }),
      this.http3.play(seconds * 1000, HTTP3_CLIENTS, isPolite),
      isPolite || index % CHROMIUM_EVERY !== 0 ? undefined : this.#browse(stage),
    ]);
    clearTimeout(reload);
    await this.#calm();
    if (hung) {
      this.notes.push(`wave ${index} does not count: ${hung.message}`);
      this.#forgive(before);
    } else {
      this.#checkWave(index, isPolite, before);
    }
  }

  #reload() {
    this.reloads += 1;
    process.kill(this.server.pid, 'SIGHUP');
  }

  async #browse(stage) {
    if (hasChromium()) {
      const random = new Random(seedOf(stage.seed, stage.wave));
      await playOnce(CHROMIUM_SCENE, { ...stage, http: random.of(HTTPS), random });
    }
  }

  /* Waits until the server has nobody; then looks at it. */
  async #calm() {
    const deadline = Date.now() + IDLE_MS;
    let metrics = await readMetrics(this.admin);
    while (sum(metrics, 'connections') > 0 && Date.now() < deadline) {
      await pause(250);
      metrics = await readMetrics(this.admin);
    }
    if (sum(metrics, 'connections') > 0) {
      this.failures.push(`${sum(metrics, 'connections')} connections did not go`);
    }
    await pause(SETTLE_MS);
    this.metrics = await readMetrics(this.admin);
    const ownKib = this.metrics.get(metricKey('memory_bytes')) / 1024;
    this.idle.push({ seconds: this.watch.seconds(), ownKib, ...(await this.#quietLook()) });
  }

  /* Whatever the server has counted since then is taken for right. */
  #forgive({ metrics, bounds }) {
    for (const [key, count] of this.metrics) {
      if (KNOWN.test(key)) {
        const { least, most } = bounds.get(key) ?? { least: 0, most: 0 };
        const grown = count - (metrics.get(key) ?? 0);
        this.tally.bounds.set(key, { least: least + grown, most: most + grown });
      }
    }
  }

  /* The least of a few looks, since the watch itself has a connection now and then. */
  async #quietLook() {
    const looks = [];
    for (let i = 0; i < 5; i += 1) {
      looks.push(look(this.server.pid));
      await pause(70);
    }
    const [first] = looks;
    return { ...first, descriptors: Math.min(...looks.map(({ descriptors }) => descriptors)) };
  }

  #checkWave(index, isPolite, { metrics, bounds }) {
    const grown = since(this.tally.bounds, bounds);
    for (const { counter, expected, got, isRight } of checkCounters(this.metrics, grown, metrics)) {
      if (!isRight) {
        this.failures.push(`wave ${index}: ${counter}: expected ${expected}, got ${got}`);
      }
    }
    if (isPolite) {
      this.politeWaves += 1;
      addTo(this.politeBounds, grown, (a, b) => ({
        least: (a?.least ?? 0) + b.least,
        most: (a?.most ?? 0) + b.most,
      }));
      const delta = new Map(
        [...this.metrics].map(([key, n]) => [key, n - (metrics.get(key) ?? 0)]),
      );
      addTo(this.politeMetrics, delta, (a, b) => (a ?? 0) + b);
    }
  }

  /* The end of the server, which startServer checks: exit code 0, and no sanitizer spoke. */
  async end() {
    this.watch.stop();
    await this.http3.end();
    try {
      await this.server.stop();
    } catch (error) {
      this.failures.push(`the end of the server: ${error.message}`);
    }
    this.failures.push(...this.watch.errors.map((error) => `the watch: ${error}`));
    const { reloads, errors } = await readLog(this.server.log.file);
    this.failures.push(...errors.map((line) => `the log says: ${line}`));
    if (reloads !== this.reloads) {
      this.failures.push(`${this.reloads} times SIGHUP, ${reloads} reloads`);
    }
  }

  tell(directory) {
    this.failures.push(...this.tally.faults);
    if (this.tally.faultsCount > this.tally.faults.length) {
      this.failures.push(`and ${this.tally.faultsCount - this.tally.faults.length} faults more`);
    }
    const points = (name) => this.idle.map((at) => ({ x: at.seconds, y: at[name] }));
    const growth = {
      memory: judgeGrowth(points('privateKib'), memoryTolerance),
      own: judgeGrowth(points('ownKib'), ownTolerance),
      descriptors: judgeGrowth(points('descriptors'), descriptorsTolerance),
    };
    if (this.notes.length > this.idle.length * HANGS_MOST) {
      this.failures.push(`${this.notes.length} waves do not count`);
    }
    if (growth.memory.grew && !options.asan) {
      this.failures.push('memory grew');
    }
    if (growth.own.grew) {
      this.failures.push('what the server has allocated grew');
    }
    if (growth.descriptors.grew) {
      this.failures.push('descriptors grew');
    }
    report(
      {
        seed: this.seed,
        seconds: this.watch.seconds(),
        reloads: this.reloads,
        samples: this.watch.samples,
        idle: this.idle,
        growth,
        tally: this.tally,
        counters: checkCounters(this.metrics ?? new Map(), this.tally.bounds),
        politeWaves: this.politeWaves,
        politeCounters: checkCounters(this.politeMetrics, this.politeBounds),
        notes: this.notes,
        failures: this.failures,
      },
      directory,
    );
  }
}

function addTo(map, more, add) {
  for (const [key, value] of more) {
    map.set(key, add(map.get(key), value));
  }
}

/* How the time is cut: [seconds of load] of each wave; the rest is for the idle points. */
function plan(minutes) {
  const all = minutes * 60;
  const period = Math.min(WAVE_SECONDS_MOST, Math.max(WAVE_SECONDS_LEAST, all / 10));
  const waves = Math.max(1, Math.round(all / period));
  return { waves, load: Math.max(5, Math.min(period, all) - CALM_SECONDS) };
}

const minutes = Number(options.minutes);
const seed = Number(options.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: ./dev soak [--minutes N] [--seed S] [--asan] [--out DIR]');
  process.exit(2);
}
const ends = [];
const soak = new Soak(minutes, seed);
const { waves, load } = plan(minutes);
/* Waves end early when nobody lingers; then there is one more. */
const isTimeLeft = () => soak.watch.seconds() < minutes * 60 - WAVE_SECONDS_LEAST;
console.log(`soak: ${minutes} minutes, ${waves} waves or more, seed ${seed}`);
try {
  await soak.start({ after: (step) => ends.unshift(step) });
  for (let index = 0; index < waves || isTimeLeft(); index += 1) {
    await soak.wave(index, load);
    const { residentKib, ownKib, descriptors } = soak.idle.at(-1);
    console.log(
      `wave ${index + 1}: idle at ${residentKib} KiB, ${descriptors} descriptors, ` +
        `${ownKib.toFixed(1)} KiB allocated, ${soak.tally.faultsCount} faults`,
    );
  }
} catch (error) {
  soak.failures.push(error.message);
}
if (soak.watch) {
  await soak.end();
  soak.tell(options.out);
} else {
  console.error(soak.failures.join('\n'));
}
for (const end of ends) {
  await end().catch?.(() => {});
}
process.exit(soak.failures.length === 0 ? 0 : 1);
