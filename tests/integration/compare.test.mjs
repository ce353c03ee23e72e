/*
 * The comparison (./dev compare): what it says of numbers, from numbers made up; and a run of seconds,
 * whose page a browser shows.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import puppeteer from 'puppeteer-core';
import { figures, quantile, spread } from '../compare/compare_data.mjs';
import { formatBytes, formatCount, formatTime } from '../compare/compare_format.mjs';
import { toHtml } from '../compare/compare_html.mjs';
import { toMarkdown } from '../compare/compare_markdown.mjs';
import { PLANS, scenarios } from '../compare/compare_plan.mjs';
import { plotBars } from '../compare/compare_plot.mjs';
import { describe } from '../compare/compare_report.mjs';
import { rank, relate, standing, verdict } from '../compare/compare_words.mjs';
import { BROWSER_MS, LONG_TEST_MS } from './support/limits.mjs';
import { run, temporaryDirectory } from './support/processes.mjs';
import { RELEASE_BINARY } from './support/server.mjs';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/* ---- words */

const three = (h1, h2, h3) => ({ h1, h2, h3 });
const ms = (value) => `${value} ms`;

test('whoever has the best number is named, and the others by their distance', () => {
  const rows = [
    [
      three(100, 50, 25),
      false,
      'HTTP/1.1 is ahead with 100 ms; HTTP/2 reaches 0.50 of that and HTTP/3 0.25.',
    ],
    [
      three(25, 50, 100),
      false,
      'HTTP/3 is ahead with 100 ms; HTTP/2 reaches 0.50 of that and HTTP/1.1 0.25.',
    ],
    [
      three(25, 50, 100),
      true,
      'HTTP/1.1 is lowest with 25 ms; HTTP/2 takes 2.0 times that and HTTP/3 4.0 times.',
    ],
    [
      three(100, 96, 50),
      false,
      'HTTP/1.1 and HTTP/2 are about level, with 100 ms; HTTP/3 reaches 0.50 of that.',
    ],
    [three(100, 104, 103), true, 'HTTP/1.1, HTTP/3 and HTTP/2 are about level, with 100 ms.'],
    [three(undefined, 50, 100), false, 'HTTP/3 is ahead with 100 ms; HTTP/2 reaches 0.50 of that.'],
    [three(), false, 'Not measured.'],
  ];
  for (const [values, lower, sentence] of rows) {
    assert.equal(standing(values, { lower, format: ms }), sentence);
  }
});

test('those whose rounds overlap are level, however far their figures are apart', () => {
  const spreads = {
    h1: { least: 60, most: 110 },
    h2: { least: 50, most: 70 },
    h3: { least: 10, most: 40 },
  };
  const ranked = rank(three(100, 60, 30), { lower: false, spreads });
  assert.deepEqual(
    ranked.map(({ http, isLevel }) => [http, isLevel]),
    [
      ['h1', false],
      ['h2', true],
      ['h3', false],
    ],
  );
  assert.deepEqual(verdict('it', three(100, 60, 30), { format: ms, spreads }), [
    'it',
    'HTTP/1.1 and HTTP/2: 100 ms',
    'HTTP/3 30\u00a0%',
  ]);
});

test('two times are related in either direction', () => {
  assert.equal(relate(42, 100), '0.42 of');
  assert.equal(relate(310, 100), '3.1 times');
  assert.equal(relate(98, 100), 'about the same as');
});

test('numbers have three digits and a unit', () => {
  assert.equal(formatTime(1234), '1.23 µs');
  assert.equal(formatTime(50.6e6), '50.6 ms');
  assert.equal(formatTime(1.5e9), '1.50 s');
  assert.equal(formatCount(412345), '412 k');
  assert.equal(formatBytes(16384), '16.0 KiB');
  assert.equal(formatTime(undefined), '–');
});

/* ---- results made up */

/* One of |total| values that are all |ns|, but for |slow| of them, which are |slowNs|. */
function histogram(total, ns, slow = 0, slowNs = ns) {
  const buckets = [
    [ns, total - slow],
    [slowNs, slow],
  ].filter(([, count]) => count > 0);
  return { total, min: ns, max: slow > 0 ? slowNs : ns, sum: 0, buckets };
}

const EMPTY = { total: 0, min: 0, max: 0, sum: 0, buckets: [] };

function madeSeries(http, { latency = EMPTY, open = EMPTY, summary, rounds = [] }) {
  return {
    http,
    is_run: true,
    why: '',
    carrier: `${http}, TLS 1.3`,
    counts: { faults: { open: 0, closed: 0 } },
    summary,
    rounds,
    histograms: { latency, open, handshake: open },
  };
}

/* Figures that differ by version and scenario, all of them there. */
function madeSummary(factor) {
  const keys = [
    'messages_per_s',
    'sockets_per_s',
    'server_memory_per_socket',
    'server_load',
    'client_load',
  ];
  const times = [
    'server_cpu_per_message',
    'server_cpu_per_socket',
    'latency_p50',
    'latency_p99',
    'latency_p999',
  ];
  const opens = ['connect_p50', 'tls_p50', 'settings_p50', 'handshake_p50', 'open_p50', 'open_p99'];
  return Object.fromEntries([
    ...keys.map((key) => [key, 50 * factor]),
    ...[...times, ...opens].map((key) => [key, 20e6 * factor]),
    ['overhead_out_per_message', 30 * factor],
  ]);
}

const FACTORS = { h1: 3, h2: 2, h3: 1 };

function madeResult(made = () => ({})) {
  return {
    format: 'trisock-bench',
    version: 1,
    machine: 'a machine <of> two cores',
    trisock: '9.9',
    series: Object.entries(FACTORS).map(([http, factor]) =>
      madeSeries(http, {
        latency: histogram(20000, 20e6 * factor, 300, 200e6),
        open: histogram(500, 60e6 * factor, 100, 400e6),
        summary: madeSummary(factor),
        ...made(http),
      }),
    ),
  };
}

function madeSet(size, made) {
  return {
    size,
    started: '2030-01-01T00:00:00Z',
    seconds: 90,
    command: './dev compare',
    isPinned: true,
    isComplete: true,
    notes: [],
    runs: scenarios(PLANS[size]).map((scenario) => ({
      scenario,
      bench: `trisock bench ${scenario.args.join(' ')}`,
      result: madeResult(made),
    })),
  };
}

test('quantiles and spreads are read from what bench wrote', () => {
  const made = histogram(1000, 1000, 10, 64000);
  assert.equal(quantile(made, 0.5), 1002); /* the middle of a bucket of 1000 to 1004 */
  assert.equal(quantile(made, 0.99), 1002);
  assert.equal(quantile(made, 0.991), 64000);
  assert.equal(quantile(made, 1), 64000);
  assert.equal(quantile(EMPTY, 0.5), undefined);
  const rounds = [900, 1000, 1200].map((messages_in) => ({ counts: { messages_in }, seconds: 2 }));
  const result = madeResult(() => ({ rounds }));
  assert.deepEqual(spread(result, 'h2', 'messages_per_s'), { least: 450, most: 600 });
  assert.deepEqual(figures(result, 'messages_per_s'), three(150, 100, 50));
});

const plotsOf = (blocks) => blocks.filter(({ plot }) => plot).map(({ plot }) => plot);

test('the document shows every scenario for all three, and names winners by the numbers', () => {
  const blocks = describe(madeSet('full'));
  const text = toMarkdown(blocks, 'comparison');
  assert.doesNotMatch(text, /undefined|NaN|Infinity|\[object/);
  for (const words of [
    '16 KiB, 100 connections',
    '100 ms, 2 % loss: p99.9',
    '5000 sockets on 100 connections',
  ]) {
    assert.ok(text.includes(words), words);
  }
  assert.match(text, /^\| {2}\| HTTP\/1\.1 \| HTTP\/2 \| HTTP\/3 \|$/m);
  assert.match(
    text,
    /HTTP\/3's p99, 20\.0 ms, is 0\.50 of HTTP\/2's, 40\.0 ms; HTTP\/1\.1's is 60\.0 ms/,
  );
  assert.match(text, /Later than one and a half round trips are HTTP\/1\.1 100 %/);
  assert.match(text, /HTTP\/1\.1 is ahead with 150\/s/);
  assert.match(text, /^\| 20 ms, 0 % loss, new connection \| 9\.0. \| 6\.0. \| 3\.0. \|$/m);
  assert.match(text, /!\[.*\]\(comparison\/tail-100\.svg\)/);
  const other = toMarkdown(
    describe(madeSet('full', (http) => ({ summary: madeSummary(1 / FACTORS[http]) }))),
    'x',
  );
  assert.match(other, /HTTP\/3 is ahead with 50\.0\/s/);
  assert.deepEqual(
    plotsOf(blocks).map(({ name }) => name),
    ['echo-messages', 'echo-cpu', 'link-opening', 'tail-20', 'tail-100'],
  );
  for (const { name, svg } of plotsOf(blocks)) {
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/, name);
    assert.equal((svg.match(/<polyline/g) ?? []).length, name.startsWith('tail') ? 9 : 0, name);
  }
});

test('what could not be measured is said, and its place stays empty', () => {
  const set = madeSet('quick');
  set.notes.push('Nothing was measured over a link: no reason.');
  set.runs[3] = { scenario: set.runs[3].scenario, error: 'it <fell> over' };
  const [first] = set.runs;
  first.result.series[2] = { ...first.result.series[2], is_run: false, why: 'no h3 there' };
  first.result.series[1].counts.faults.closed = 2;
  first.result.series[1].why = 'gone';
  const text = toMarkdown(describe(set), 'x');
  assert.match(text, /- Nothing was measured over a link: no reason\./);
  assert.match(text, /did not run: it <fell> over/);
  assert.match(text, /new connection, HTTP\/3: not run: no h3 there/);
  assert.match(text, /HTTP\/2: 2 faults, the first: gone/);
  assert.match(text, /^\| new connection: sockets a second \| 150\/s \| 100\/s \| – \|$/m);
  const page = toHtml(describe(set));
  assert.ok(
    page.includes('it &lt;fell&gt; over') && page.includes('a machine &lt;of&gt; two cores'),
  );
  assert.doesNotMatch(page, /undefined|NaN/);
  for (const size of Object.keys(PLANS)) {
    assert.doesNotMatch(toHtml(describe({ ...madeSet(size), runs: [] })), /undefined|NaN/, size);
  }
});

test('bars are as long as their values', () => {
  const svg = plotBars({
    title: 'a < b',
    groups: [{ label: 'x', values: three(100, 50, undefined) }],
    format: String,
  });
  const [long, short] = [...svg.matchAll(/<rect x="230" y="\d+" width="([\d.]+)"/g)].map(([, w]) =>
    Number(w),
  );
  assert.ok(Math.abs(long / short - 2) < 0.01);
  assert.ok(svg.includes('not measured') && svg.includes('a &lt; b'));
});

/* ---- pages in a browser */

/* Opens |file|; { errors, text, figures } of the page. */
async function openPage(t, file) {
  const browser = await puppeteer.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--host-resolver-rules=MAP * ~NOTFOUND',
    ],
    protocolTimeout: BROWSER_MS,
  });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on('console', (message) => errors.push(message.text()));
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => {
      if (!/^(file|data):/.test(request.url())) {
        errors.push(`it asks for ${request.url()}`);
      }
    });
    await page.goto(pathToFileURL(file).href, { waitUntil: 'networkidle0' });
    const shown = await page.evaluate(() => ({
      text: document.body.innerText,
      rows: [...document.querySelectorAll('tr')].map((row) =>
        [...row.cells].map((cell) => cell.innerText),
      ),
      figures: [...document.querySelectorAll('figure')].map((figure) => ({
        id: figure.id,
        height: figure.getBoundingClientRect().height,
        colours: ['#c2500a', '#0b62c4', '#0a7d5a'].map(
          (colour) =>
            figure.querySelectorAll(`rect[fill="${colour}"], polyline[stroke="${colour}"]`).length,
        ),
      })),
      isWiderThanWindow: document.documentElement.scrollWidth > innerWidth,
    }));
    return { errors, ...shown };
  } finally {
    await browser.close();
  }
}

/* Each plot has something of each version in it. */
function assertShowsAll({ errors, figures: drawn, text, isWiderThanWindow }) {
  assert.deepEqual(errors, []);
  assert.ok(drawn.length >= 4);
  for (const { id, height, colours } of drawn) {
    assert.ok(height > 60 && colours.every((count) => count > 0), `${id}: ${colours}`);
  }
  assert.equal(isWiderThanWindow, false);
  for (const name of ['HTTP/1.1', 'HTTP/2', 'HTTP/3']) {
    assert.ok(text.includes(name), name);
  }
}

test(
  'a page of numbers made up is shown without an error in the console',
  { timeout: BROWSER_MS },
  async (t) => {
    const file = path.join(temporaryDirectory(t), 'made.html');
    fs.writeFileSync(file, toHtml(describe(madeSet('full'))));
    assertShowsAll(await openPage(t, file));
  },
);

test(
  'a run of seconds ends well, and its page shows all three protocols',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const file = path.join(temporaryDirectory(t), 'page.html');
    const { code, stdout, stderr } = await run(
      process.execPath,
      [path.join(REPOSITORY, 'tests/compare/compare.mjs'), '--smoke', '--html', file],
      { timeoutMs: LONG_TEST_MS, env: { ...process.env, TRISOCK_BIN: RELEASE_BINARY } },
    );
    assert.equal(code, 0, `${stdout}${stderr}`);
    const page = await openPage(t, file);
    assertShowsAll(page);
    /* Each figure was measured, on each protocol that has it. */
    const row = (start) => page.rows.find(([first]) => first.startsWith(start));
    for (const start of [
      'new connection: sockets a second',
      '32 B, 10 connections',
      '10 connections: deliveries',
      '400 sockets on 400 connections',
    ]) {
      const [, ...cells] = row(start) ?? [];
      assert.equal(cells.length, 3, start);
      assert.ok(
        cells.every((cell) => /^\d/.test(cell)),
        `${start}: ${cells}`,
      );
    }
    if (process.getuid() === 0 && fs.existsSync('/dev/net/tun')) {
      const [, h1, h2, h3] = row('20 ms, 0 % loss, new connection').map(Number);
      t.diagnostic(`round trips: ${h1}, ${h2}, ${h3}`);
      assert.ok(h1 > 2.9 && h2 > 2.9 && h3 > 1.9, `round trips: ${h1}, ${h2}, ${h3}`);
      assert.ok(
        row('20 ms, 2 % loss: p99')
          .slice(1)
          .every((cell) => /^\d/.test(cell)),
      );
    }
  },
);

/* ---- the command */

const compare = (...args) =>
  run(process.execPath, [path.join(REPOSITORY, 'tests/compare/compare.mjs'), ...args]);

test('what is asked for by --help goes to standard output, and measures nothing', async () => {
  const { code, stdout, stderr } = await compare('--help');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^usage: \.\/dev compare /);
  assert.match(stdout, /--quick/);
  assert.equal(stderr, '');
});

test('an option that nobody knows is named', async () => {
  const { code, stdout, stderr } = await compare('--qick');
  assert.equal(code, 2);
  assert.match(stderr, /--qick/);
  assert.equal(stdout, '');
});
