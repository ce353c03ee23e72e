#!/usr/bin/env node
/*
 * The published comparison: runs the set of compare_plan.mjs with `trisock bench` and shows it.
 *
 *   ./dev compare [--quick | --smoke] [--html FILE] [--markdown FILE] [--only REGEX] [--from FILE]
 *
 * Without --quick or --smoke, src/docs/comparison.md and its plots are written (--markdown: another
 * file). The page and the data (results.json beside it) always are. --from draws both again from such
 * data, and measures nothing.
 *
 * The set, and what is in results.json: { format: "trisock-compare", version: 1, size, started,
 * seconds, command, isPinned, isComplete, notes: [sentence], runs: [{ scenario, bench, result | error }]
 * }, where |result| is what `trisock bench --json` wrote.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { toHtml } from './compare_html.mjs';
import { toMarkdown } from './compare_markdown.mjs';
import { PLANS, scenarios } from './compare_plan.mjs';
import { describe } from './compare_report.mjs';
import { Bench, busyShare, isPinned, scenarioSeconds, whyNoLink } from './compare_run.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const USAGE =
  'usage: ./dev compare [--quick | --smoke] [--html FILE] [--markdown FILE] [--only REGEX] [--from FILE]';

const HELP = `${USAGE}

Measures trisock over h1, h2 and h3: on loopback, then over emulated links. About 25 minutes, on a machine
that does nothing else; the tables and the page go to build/compare, or where the options say.

  --quick          the same set with fewer and shorter runs: about 5 minutes
  --smoke          whether all of it works, in about a minute; its numbers mean nothing
  --html FILE      the page goes here
  --markdown FILE  the tables go here
  --only REGEX     only the scenarios whose names match
  --from FILE      measures nothing: writes the reports of an earlier results.json`;

function readOptions() {
  if (process.argv.slice(2).some((arg) => arg === '--help' || arg === '-h')) {
    console.log(HELP);
    process.exit(0);
  }
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
        html: { type: 'string' },
        markdown: { type: 'string' },
        only: { type: 'string' },
        from: { type: 'string' },
      },
    }).values;
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return process.exit(2);
  }
}

const BUSY_MOST = 0.1; /* of all cores */

const options = readOptions();
const builds = process.env.TRISOCK_BUILD_DIR ?? path.join(REPOSITORY, 'build');

function sizeOf({ quick, smoke }) {
  if (smoke) {
    return 'smoke';
  }
  return quick ? 'quick' : 'full';
}

/* Those that are to run here, and why others are not. */
function choose(plan) {
  const wanted = scenarios(plan).filter(({ id }) => new RegExp(options.only ?? '').test(id));
  const why = whyNoLink();
  const isBeyond = ({ link }) => link !== undefined;
  return why && wanted.some(isBeyond)
    ? {
        chosen: wanted.filter((one) => !isBeyond(one)),
        notes: [`Nothing was measured over a link: ${why}.`],
      }
    : { chosen: wanted, notes: [] };
}

async function measure(size) {
  const plan = PLANS[size];
  const startMs = Date.now();
  const { chosen, notes } = choose(plan);
  const seconds = chosen.reduce((sum, scenario) => sum + scenarioSeconds(scenario, plan), 0);
  console.log(`compare: ${chosen.length} runs, ${(seconds / 60).toFixed(1)} minutes of measuring`);
  const bench = new Bench();
  await bench.prepare();
  const runs = [];
  let busySum = 0;
  for (const [index, scenario] of chosen.entries()) {
    console.log(`[${index + 1}/${chosen.length}] ${scenario.title}`);
    busySum += await busyShare();
    try {
      runs.push({ scenario, ...(await bench.run(scenario, plan)) });
    } catch (error) {
      console.error(`  did not run: ${error.message}`);
      runs.push({ scenario, error: error.message });
    }
  }
  const busy = busySum / chosen.length;
  if (busy > BUSY_MOST) {
    notes.push(
      `Between the runs something else used ${Math.round(busy * 100)} % of the machine: the figures are not to be relied on.`,
    );
  }
  return {
    format: 'trisock-compare',
    version: 1,
    size,
    started: new Date(startMs).toISOString(),
    seconds: (Date.now() - startMs) / 1000,
    command: ['./dev compare', ...process.argv.slice(2)].join(' '),
    isPinned,
    isComplete: runs.length === scenarios(plan).length,
    notes,
    runs,
  };
}

function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  console.log(`wrote ${path.relative(process.cwd(), file)}`);
}

function writeMarkdown(blocks, file) {
  const directory = file.replace(/\.md$/, '');
  for (const { plot } of blocks) {
    if (plot) {
      write(path.join(directory, `${plot.name}.svg`), plot.svg);
    }
  }
  write(file, toMarkdown(blocks, path.basename(directory)));
}

const set = options.from
  ? JSON.parse(fs.readFileSync(options.from, 'utf8'))
  : await measure(sizeOf(options));
const html = path.resolve(options.html ?? path.join(builds, 'compare/comparison.html'));
if (!options.from) {
  /* First of all: what took minutes is not lost to a mistake of what shows it. */
  write(path.join(path.dirname(html), 'results.json'), JSON.stringify(set));
}
const blocks = describe(set);
write(html, toHtml(blocks));

const failures = set.runs.filter(({ error }) => error).length;
const isWhole = set.size === 'full' && failures === 0 && set.isComplete;
if (options.markdown || (isWhole && !options.from)) {
  writeMarkdown(
    blocks,
    path.resolve(options.markdown ?? path.join(REPOSITORY, 'src/docs/comparison.md')),
  );
}
console.log(
  `compare: ${set.runs.length - failures} runs, ${failures} failed, ${(set.seconds / 60).toFixed(1)} minutes`,
);
process.exit(failures === 0 && set.runs.length > 0 ? 0 : 1);
