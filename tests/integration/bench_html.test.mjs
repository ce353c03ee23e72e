/* The page of `trisock bench --html` in Chromium: whole, alone, and without a complaint. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { identity } from './support/identity.mjs';
import { LONG_TEST_MS, TEST_MS } from './support/limits.mjs';
import { openPageFile } from './support/page_file.mjs';
import { temporaryDirectory } from './support/processes.mjs';
import { runTrisock, startServer } from './support/server.mjs';

/* A run that was made up: three versions, in few bytes. */
const MADE_UP = fileURLToPath(new URL('../fuzz/corpus/bench_json/three_series', import.meta.url));

async function runBench(args, expected = 0) {
  const { code, stdout, stderr } = await runTrisock(['bench', ...args]);
  assert.equal(code, expected, `${stdout}\n${stderr}`);
  return { stdout, stderr };
}

/* What a reader would stumble over: text outside its drawing, or the page wider than the window. */
function findOverflow() {
  const found = [];
  if (document.documentElement.scrollWidth > window.innerWidth) {
    found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  }
  for (const svg of document.querySelectorAll('svg')) {
    const frame = svg.closest('figure').getBoundingClientRect();
    for (const text of svg.querySelectorAll('text')) {
      const box = text.getBoundingClientRect();
      if (box.left < frame.left - 1 || box.right > frame.right + 1) {
        found.push(`"${text.textContent}" leaves ${svg.getAttribute('aria-label')}`);
      }
    }
  }
  return found;
}

/* Labels of one drawing that cover each other. */
function findCovered() {
  const found = [];
  for (const svg of document.querySelectorAll('svg')) {
    const labels = [...svg.querySelectorAll('.label')].map((label) => ({
      text: label.textContent,
      box: label.getBoundingClientRect(),
    }));
    labels.forEach(({ text, box }, index) => {
      for (const other of labels.slice(index + 1)) {
        const across = Math.min(box.right, other.box.right) - Math.max(box.left, other.box.left);
        const down = Math.min(box.bottom, other.box.bottom) - Math.max(box.top, other.box.top);
        if (across > 2 && down > 6) {
          found.push(`"${text}" and "${other.text}" in ${svg.getAttribute('aria-label')}`);
        }
      }
    });
  }
  return found;
}

async function assertGoodPage(t, file, colors) {
  const { page, complaints, asked } = await openPageFile(t, file, colors);
  assert.deepEqual(complaints, []);
  assert.deepEqual(asked, [], 'the page asks for nothing');
  assert.deepEqual(await page.evaluate(findOverflow), []);
  assert.deepEqual(await page.evaluate(findCovered), []);
  assert.equal(await page.$('script'), null);
  return page;
}

const textOf = (page, selector) =>
  page.$$eval(selector, (found) => found.map((element) => element.textContent));

test('two runs are compared on a page without a network', { timeout: TEST_MS }, async (t) => {
  const file = path.join(temporaryDirectory(t), 'out.html');
  const { stdout } = await runBench(['--compare', MADE_UP, MADE_UP, '--html', file]);
  assert.match(stdout, /^h1 +A +B +B \/ A/m);
  assert.match(stdout, /received +1\/s .* 1\.000 +within spread$/m);
  for (const colors of ['light', 'dark']) {
    const page = await assertGoodPage(t, file, colors);
    const cards = await textOf(page, '.card .of');
    assert.deepEqual(cards, ['A h1', 'B h1', 'A h2', 'B h2', 'A h3', 'B h3']);
    const ground = await page.$eval('body', (body) => getComputedStyle(body).backgroundColor);
    const [red] = /\d+/.exec(ground);
    assert.equal(Number(red) > 128, colors === 'light', `${colors}: ${ground}`);
  }
});

test(
  'a run over all three is drawn and can be read again',
  { timeout: LONG_TEST_MS },
  async (t) => {
    const { caFile } = await identity();
    const server = await startServer(t);
    const directory = temporaryDirectory(t);
    const html = path.join(directory, 'run.html');
    const json = path.join(directory, 'run.json');
    const { stdout } = await runBench([
      ...[`wss://${server.authority}/echo`, '--ca', caFile, '--http', '1.1,2,3'],
      ...['--sockets', '4', '--connections', '2', '--size', '32', '--in-flight', '1'],
      ...['--duration', '300ms', '--warmup', '100ms', '--rounds', '2'],
      ...['--server-pid', String(server.pid), '--label', 'our <own> server'],
      ...['--json', json, '--html', html],
    ]);
    assert.match(stdout, /^ +h1 +h2 +h3$/m);
    assert.match(stdout, /^faults: none$/m);

    const page = await assertGoodPage(t, html, 'light');
    assert.deepEqual(await textOf(page, 'h1'), ['our <own> server']);
    assert.deepEqual(await textOf(page, '.card .of'), ['h1', 'h2', 'h3']);
    const titles = await textOf(page, 'figure h3');
    for (const title of [
      'Latency by percentile',
      'From nothing to an open socket',
      'CPU a message',
    ]) {
      assert.ok(titles.includes(title), titles.join());
    }
    const [command] = await textOf(page, 'pre');
    assert.ok(command.startsWith(`trisock bench wss://${server.authority}/echo`), command);

    const run = JSON.parse(fs.readFileSync(json, 'utf8'));
    assert.equal(run.format, 'trisock-bench');
    assert.equal(run.version, 1);
    assert.deepEqual(
      run.series.map(({ http }) => http),
      ['h1', 'h2', 'h3'],
    );
    for (const series of run.series) {
      assert.ok(series.summary.messages_per_s > 0 && series.summary.latency_p50 > 0);
      assert.equal(series.rounds.length, 2);
      const { total, buckets } = series.histograms.latency;
      assert.equal(
        buckets.reduce((sum, [, count]) => sum + count, 0),
        total,
      );
    }
    await runBench(['--compare', json, json]);
  },
);

test('a file that is no run is refused by name', { timeout: TEST_MS }, async (t) => {
  const file = path.join(temporaryDirectory(t), 'bad.json');
  for (const [content, why] of [
    ['', /bad\.json: line \d+: not JSON/],
    ['{}', /bad\.json: format is missing/],
    [
      fs.readFileSync(MADE_UP, 'utf8').replace('"is_run": true', '"is_run": 1'),
      /series\[0\]\.is_run/,
    ],
  ]) {
    fs.writeFileSync(file, content);
    const { stderr } = await runBench(['--compare', MADE_UP, file], 2);
    assert.match(stderr, why);
    assert.match(stderr, /^trisock: [^\n]*\n$/);
  }
});
