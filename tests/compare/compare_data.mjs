/* Reading what `trisock bench --json` wrote (src/docs/bench-json.md). */

export const HTTPS = ['h1', 'h2', 'h3'];
export const NAMES = { h1: 'HTTP/1.1', h2: 'HTTP/2', h3: 'HTTP/3' };

/* Buckets are a 128th of an octave wide; below 256 each number has its own. */
const PARTS_OF_AN_OCTAVE = 128;
const EXACT_BELOW = 256;

/* Whether |value| is a run of bench, of a version that is known here: an error that says what not. */
export function checkResult(value, file) {
  if (value?.format !== 'trisock-bench' || value.version !== 1 || !Array.isArray(value.series)) {
    throw new Error(`${file} is no file of trisock bench --json, version 1`);
  }
  return value;
}

/* That of version |http|, or undefined if it was not run. */
export function seriesOf(result, http) {
  return result?.series.find((series) => series.http === http && series.is_run);
}

/* One of summary's figures, or undefined. */
export function figure(result, http, key) {
  const value = seriesOf(result, http)?.summary[key];
  return Number.isFinite(value) ? value : undefined;
}

/* { h1, h2, h3 } of a figure. */
export function figures(result, key) {
  return Object.fromEntries(HTTPS.map((http) => [http, figure(result, http, key)]));
}

const PER_ROUND = {
  messages_per_s: ({ counts, seconds }) => counts.messages_in / seconds,
  sockets_per_s: ({ counts, seconds }) => counts.sockets_opened / seconds,
  server_cpu_per_message: ({ counts, server }) =>
    (server.user_ns + server.system_ns) / counts.messages_in,
  latency_p50: ({ latency_p50_ns: ns }) => ns,
  latency_p99: ({ latency_p99_ns: ns }) => ns,
  latency_p999: ({ latency_p999_ns: ns }) => ns,
  open_p50: ({ open_p50_ns: ns }) => ns,
};

/* { least, most } of a figure over the rounds, or undefined: of one round, or one not told by round. */
export function spread(result, http, key) {
  const rounds = seriesOf(result, http)?.rounds ?? [];
  const values = PER_ROUND[key] ? rounds.map(PER_ROUND[key]).filter((v) => v > 0) : [];
  return values.length > 1 ? { least: Math.min(...values), most: Math.max(...values) } : undefined;
}

export function spreads(result, key) {
  return Object.fromEntries(HTTPS.map((http) => [http, spread(result, http, key)]));
}

function middleOfBucket(low) {
  if (low < EXACT_BELOW) {
    return low;
  }
  return low + 2 ** Math.floor(Math.log2(low)) / PARTS_OF_AN_OCTAVE / 2;
}

/* The value that |share| (0 to 1) of all do not exceed, or undefined. */
export function quantile(histogram, share) {
  const wanted = Math.max(1, Math.ceil(share * histogram.total));
  let seen = 0;
  for (const [low, count] of histogram.buckets) {
    seen += count;
    if (seen >= wanted) {
      return Math.min(histogram.max, Math.max(histogram.min, middleOfBucket(low)));
    }
  }
  return undefined;
}

/* How many faults, of all kinds, and the first one's words. */
export function faultsOf(series) {
  const count = Object.values(series.counts.faults).reduce((sum, n) => sum + n, 0);
  return { count, why: series.why };
}

/* Runs of one version each as one run of all. */
export function mergeResults(results) {
  return { ...results[0], series: results.flatMap(({ series }) => series) };
}
