#!/usr/bin/env node
/*
 * What a message, an opened socket and an idle one cost our server, beside what they cost a server
 * without our layers on the same libraries (floor_h1 ...) and libwebsockets (peer_lws).
 *
 *   ./dev bench server [--rows REGEX] [--rounds N] [--seconds S] [--json FILE]
 *
 * The servers take turns, each started anew, on one core, `trisock bench` on another. Figures are
 * medians over the rounds.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isPinned } from '../compare/compare_run.mjs';
import { START_MS, within } from '../integration/support/limits.mjs';
import { kill, run, start, temporaryDirectory, tool } from '../integration/support/processes.mjs';
import { ROWS } from './server_rows.mjs';

const USAGE =
  'usage: ./dev bench server [--rows REGEX] [--rounds 5] [--seconds 2] [--json FILE]\n' +
  `rows: ${ROWS.map(({ id }) => id).join(' ')}`;
const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const BUILD = path.resolve(REPOSITORY, process.env.TRISOCK_BENCH_DIR ?? 'build/release');
const TRISOCK = path.resolve(process.env.TRISOCK_BIN ?? path.join(BUILD, 'trisock'));
const SERVING = /serving https:\/\/\S+:(\d+)/;
const ENOUGH_MS = 60_000;
const onCore = (core) => (isPinned ? ['taskset', '-c', String(core)] : []);

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        rows: { type: 'string', default: '' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '2' },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
    if (!values.help && rounds >= 1 && seconds > 0) {
      return { ...values, rounds, seconds };
    }
  } catch (error) {
    console.error(error.message);
  }
  console.error(USAGE);
  return process.exit(2);
}

const options = readOptions();
const directory = temporaryDirectory();
const [cert, key] = ['cert.pem', 'key.pem'].map((name) => path.join(directory, name));

/* The command of a server, but for the address; undefined: it cannot do the row, or is not there. */
function commandOf(who, row) {
  const http = row.id.slice(0, 2);
  const programs = { floor: `floor_${http}`, peer: 'peer_lws' };
  if (who === 'ours') {
    return [TRISOCK, 'serve', '--log', '/dev/null'];
  }
  if (who === 'peer' && row.peer === undefined) {
    return undefined;
  }
  const program = path.join(BUILD, programs[who]);
  return fs.existsSync(program) ? [program] : undefined;
}

function portOf(server) {
  const seen = new Promise((resolve, reject) => {
    server.child.stdout.on('data', () => {
      const match = SERVING.exec(server.stdout());
      if (match) {
        resolve(Number(match[1]));
      }
    });
    server.exited.then(({ stderr }) => reject(new Error(`the server ended: ${stderr}`)), reject);
  });
  return within(START_MS, 'the server to start', seen);
}

async function load(row, port, pid) {
  const file = path.join(directory, 'bench.json');
  fs.rmSync(file, { force: true });
  const command = [
    ...[...onCore(1), TRISOCK, 'bench', `wss://127.0.0.1:${port}/echo`, '--ca', cert],
    ...['--rounds', '1', '--duration', `${Math.round(options.seconds * 1000)}ms`],
    ...['--warmup', '500ms', '--server-pid', String(pid), '--json', file, ...row.args],
  ];
  const timeoutMs = options.seconds * 1000 + ENOUGH_MS;
  const { code, stdout, stderr } = await run(command[0], command.slice(1), { timeoutMs });
  if (code !== 0) {
    throw new Error(`${stdout}${stderr}`.trim().split('\n').slice(-2).join(' '));
  }
  return JSON.parse(fs.readFileSync(file, 'utf8')).series[0].summary[row.figure];
}

async function measure(who, row) {
  const words = commandOf(who, row);
  if (!words) {
    return undefined;
  }
  const files = ['--listen', '127.0.0.1:0', '--cert', cert, '--key', key];
  const [command, ...args] = [...onCore(0), ...words, ...files];
  const server = start(command, args, { cwd: directory });
  try {
    return await load(row, await portOf(server), server.child.pid);
  } catch (error) {
    console.error(`  ${row.id}, ${who}: ${error.message}`);
    return undefined;
  } finally {
    await kill(server);
  }
}

function median(values) {
  const known = values.filter((value) => value !== undefined).sort((a, b) => a - b);
  const half = Math.floor(known.length / 2);
  return known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2 || undefined;
}

async function measureRow(row) {
  const all = { ours: [], floor: [], peer: [] };
  for (let round = 0; round < options.rounds; round += 1) {
    for (const who of Object.keys(all)) {
      all[who].push(await measure(who, row));
    }
  }
  const medians = Object.entries(all).map(([who, values]) => [who, median(values)]);
  return { row, all, medians: Object.fromEntries(medians) };
}

/* { scale, from }: this machine to that of the table; of a row of its own or of one that is like it. */
function scaleOf(result, results) {
  const own = [result.row.id, ...(result.row.like ?? [])];
  for (const id of own) {
    const { row, medians } = results.find((one) => one.row.id === id) ?? { row: {}, medians: {} };
    if (row.peer && medians.peer) {
      return { scale: medians.peer / row.peer, from: id === result.row.id ? '' : ` (${id})` };
    }
  }
  return { scale: 1, from: ' (none)' };
}

function line(result, results) {
  const { row, medians } = result;
  const { scale, from } = scaleOf(result, results);
  const show = (value) => {
    if (value === undefined) {
      return '–';
    }
    return row.isTime ? `${(value / 1000).toPrecision(3)} µs` : `${Math.round(value)} B`;
  };
  const must = row.must * scale;
  const ratio = medians.ours && medians.floor ? (medians.ours / medians.floor).toFixed(2) : '–';
  return [
    ...[row.id, show(medians.ours), show(medians.floor), ratio, show(medians.peer)],
    ...[show(row.peer), `${scale.toFixed(2)}${from}`, show(must)],
    medians.ours !== undefined && medians.ours <= must ? 'yes' : 'no',
  ];
}

const HEADS = ['row', 'ours', 'floor', 'ours/floor', 'peer', "table's peer", 'scale', 'must', 'met'];

await tool('openssl', [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days'],
  ...['30', '-subj', '/CN=bench', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ...['-keyout', key, '-out', cert],
]);
const results = [];
for (const row of ROWS.filter(({ id }) => new RegExp(options.rows).test(id))) {
  console.error(row.id);
  results.push(await measureRow(row));
}
const table = [HEADS, HEADS.map(() => '---'), ...results.map((one) => line(one, results))];
console.log(table.map((cells) => `| ${cells.join(' | ')} |`).join('\n'));
if (options.json) {
  const { rounds, seconds } = options;
  const set = { format: 'trisock-bench-server', version: 1, rounds, seconds, results };
  fs.writeFileSync(options.json, JSON.stringify(set));
}
process.exit(results.length > 0 && results.every(({ medians }) => medians.ours) ? 0 : 1);
