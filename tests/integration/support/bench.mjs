/* Runs `trisock bench` and reads what it measured. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { identity } from './identity.mjs';
import { within } from './limits.mjs';
import { kill, start, temporaryDirectory } from './processes.mjs';
import { assertNoSanitizerReport, BINARY, sanitizerEnvironment } from './server.mjs';

const BENCH_MS = 120_000;

export const FAULTS = ['open', 'closed', 'corrupt', 'missing', 'repeated', 'reordered', 'send'];

/* A short run, unless |args| say otherwise: the last of an option counts. */
const SHORT = ['--rounds', '1', '--duration', '500ms', '--warmup', '100ms', '--sockets', '4'];

/*
 * Measures |url|. Returns { code, stdout, stderr, result, series }: what --json holds, and of it
 * the versions by name ("h1" ...).
 */
export async function bench(t, url, args = [], { onStart } = {}) {
  const { caFile } = await identity();
  const file = path.join(temporaryDirectory(t), 'bench.json');
  const all = ['bench', url, '--ca', caFile, '--json', file, ...SHORT, ...args];
  const started = start(BINARY, all, { env: sanitizerEnvironment() });
  try {
    onStart?.(started.child);
    const ended = await within(BENCH_MS, `trisock ${all.join(' ')}`, started.exited);
    assertNoSanitizerReport(ended.stderr);
    const result = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : undefined;
    const series = Object.fromEntries((result?.series ?? []).map((one) => [one.http, one]));
    return { ...ended, result, series };
  } finally {
    await kill(started);
  }
}

/* The faults of |series| that are not zero. */
export function faultsOf(series) {
  return Object.fromEntries(Object.entries(series.counts.faults).filter(([, count]) => count > 0));
}

/* |series| was run without a fault, and measured messages. */
export function assertMeasured(series) {
  assert.equal(series.why, '');
  assert.ok(series.is_run);
  assert.deepEqual(faultsOf(series), {});
  assert.ok(series.counts.messages_in > 10, `${series.counts.messages_in} messages`);
  /* A message counts as a whole where its end came: some of its bytes may have come before. */
  assert.ok(series.counts.wire_in > 0.5 * series.counts.bytes_in);
}

/* |series| could not be run, and says why. */
export function assertRefused(series, why) {
  assert.equal(series.is_run, false);
  assert.match(series.why, why);
}

/* The |q| quantile of a histogram of the file: the upper end of the bucket that holds it. */
export function quantile({ total, max, buckets }, q) {
  let left = Math.ceil(total * q);
  for (const [low, count] of buckets) {
    left -= count;
    if (left <= 0) {
      return Math.min(low * 1.01, max);
    }
  }
  return max;
}
