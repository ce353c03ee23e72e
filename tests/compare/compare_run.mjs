/* Runs a scenario (compare_plan.mjs): a server, `trisock bench` against it, and what that measured. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { START_MS, STOP_MS, within } from '../integration/support/limits.mjs';
import { kill, run, start, temporaryDirectory, tool } from '../integration/support/processes.mjs';
import { checkResult, mergeResults } from './compare_data.mjs';
import { LINK_SEED } from './compare_plan.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const program = (variable, name) =>
  path.resolve(REPOSITORY, process.env[variable] ?? `build/release/${name}`);
const TRISOCK = program('TRISOCK_BIN', 'trisock');
const LINK_RUN = program('TRISOCK_LINK_RUN', 'link_run');

const LINK_SERVER = '10.77.0.2';
const VERSIONS = ['1.1', '2', '3'];
const SERVING = /serving https:\/\/\S+:(\d+)/;
const BUSY_LOOK_MS = 400;
const ENOUGH_MS = 90_000; /* for opening and closing, beside what is measured */

/* Why there can be no link here, or undefined. */
export function whyNoLink() {
  if (!fs.existsSync('/dev/net/tun')) {
    return 'there is no /dev/net/tun';
  }
  return process.getuid() === 0 ? undefined : 'only root makes network namespaces';
}

/* Cores of their own for server and client, where there are two. */
export const isPinned = os.cpus().length > 1;
const onCore = (core) => (isPinned ? ['taskset', '-c', String(core)] : []);

/* The share of all cores that somebody uses just now, while this process does nothing: 0 to 1. */
export async function busyShare() {
  const times = () =>
    os.cpus().reduce(
      (sum, { times: { idle, ...busy } }) => ({
        idle: sum.idle + idle,
        busy: sum.busy + Object.values(busy).reduce((a, b) => a + b),
      }),
      { idle: 0, busy: 0 },
    );
  const before = times();
  await pause(BUSY_LOOK_MS);
  const after = times();
  const busy = after.busy - before.busy;
  return busy / (busy + after.idle - before.idle);
}

/* Files and a certificate for all addresses that are measured. */
export class Bench {
  async prepare() {
    this.directory = temporaryDirectory();
    this.cert = path.join(this.directory, 'cert.pem');
    this.key = path.join(this.directory, 'key.pem');
    const names = `subjectAltName=DNS:localhost,IP:127.0.0.1,IP:${LINK_SERVER}`;
    await tool('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '30', '-subj', '/CN=compare', '-addext', names],
      ...['-keyout', this.key, '-out', this.cert],
    ]);
  }

  /* { result, bench }: what was measured, and the command as one reads it. An error if it did not run. */
  run(scenario, plan) {
    if (scenario.link) {
      return this.#runBeyondLink(scenario, plan);
    }
    return scenario.isSeparate
      ? this.#runSeparately(scenario, plan)
      : this.#runNearby(scenario, plan, VERSIONS);
  }

  async #runSeparately(scenario, plan) {
    const all = [];
    for (const version of VERSIONS) {
      all.push(await this.#runNearby(scenario, plan, [version]));
    }
    const bench = all[0].bench.replace('--http 1.1', '--http VERSION');
    return { result: mergeResults(all.map(({ result }) => result)), bench };
  }

  #serve(address) {
    const files = ['--cert', this.cert, '--key', this.key, '--log', '/dev/null'];
    return [TRISOCK, 'serve', '--listen', address, ...files];
  }

  async #runNearby(scenario, plan, versions) {
    const [command, ...args] = [...onCore(0), ...this.#serve('127.0.0.1:0')];
    const server = start(command, args, { cwd: this.directory });
    try {
      const port = await ready(server);
      const bench = [
        ...this.#bench(scenario, `127.0.0.1:${port}`, versions),
        '--server-pid',
        String(server.child.pid),
      ];
      return await this.#measure(scenario, plan, [...onCore(1), ...bench], bench);
    } finally {
      process.kill(server.child.pid, 'SIGTERM');
      await within(STOP_MS, 'the end of the server', server.exited).catch(() => {});
      await kill(server);
    }
  }

  #runBeyondLink(scenario, plan) {
    const { roundTripMs, loss } = scenario.link;
    const server = `exec ${this.#serve(`${LINK_SERVER}:8443`).join(' ')}`;
    const bench = this.#bench(scenario, `${LINK_SERVER}:8443`, VERSIONS);
    const link = [
      ...['--delay', `${roundTripMs / 2}ms`, '--loss', `${loss}%`, '--seed', String(LINK_SEED)],
      ...['--ready', 'serving', '--server', server],
    ];
    const shown = ['./dev', 'link', ...link.slice(0, 6), '--', ...bench];
    return this.#measure(scenario, plan, [LINK_RUN, ...link, '--', ...bench], shown);
  }

  #bench(scenario, authority, versions) {
    return [
      TRISOCK,
      'bench',
      `wss://${authority}${scenario.path}`,
      ...['--http', versions.join(','), '--ca', this.cert],
      ...scenario.args,
    ];
  }

  async #measure(scenario, plan, command, shown) {
    const file = path.join(this.directory, `${scenario.id}.json`);
    fs.rmSync(file, { force: true });
    const seconds = scenarioSeconds(scenario, plan);
    const { code, signal, stdout, stderr } = await run(
      command[0],
      [...command.slice(1), '--json', file],
      { timeoutMs: seconds * 1000 + ENOUGH_MS, cwd: this.directory },
    );
    if (!fs.existsSync(file)) {
      const said = `${stdout}${stderr}`.trim().split('\n').slice(-3).join(' ');
      throw new Error(`trisock bench ended with ${code ?? signal}: ${said}`);
    }
    const result = checkResult(JSON.parse(fs.readFileSync(file, 'utf8')), file);
    return { result, bench: this.#readable(shown, scenario.link) };
  }

  /* As one would type it in a checkout, where a server listens at 8443. */
  #readable(command, isLink) {
    return command
      .map((word) => (word === TRISOCK ? 'trisock' : word))
      .join(' ')
      .replace(/127\.0\.0\.1:\d+/, '127.0.0.1:8443')
      .replace(/--server-pid \d+/, '--server-pid PID')
      .replace(this.cert, isLink ? 'build/link/cert.pem' : 'cert.pem');
  }
}

/* What it measures, all versions and rounds. */
export function scenarioSeconds(scenario, plan) {
  const rounds = scenario.kind === 'idle' ? 1 : plan.rounds;
  return VERSIONS.length * rounds * (plan.seconds[scenario.kind] + plan.warmup);
}

function ready(server) {
  const seen = new Promise((resolve, reject) => {
    const look = () => {
      const match = SERVING.exec(server.stdout());
      if (match) {
        resolve(Number(match[1]));
      }
    };
    server.child.stdout.on('data', look);
    server.exited.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)), reject);
  });
  return within(START_MS, 'the server to start', seen);
}
