/* What a soak says at its end: plots, what was done, the counters, the verdict. */
import fs from 'node:fs';
import path from 'node:path';
import { plotSvg, plotText } from './soak_plot.mjs';

function table(heads, rows) {
  const widths = heads.map((head, i) =>
    Math.max(head.length, ...rows.map((row) => `${row[i]}`.length)),
  );
  const isNumber = heads.map((_, i) => rows.every((row) => /^[\d.]*$/.test(`${row[i]}`)));
  const line = (cells) =>
    cells
      .map((cell, i) => (isNumber[i] ? `${cell}`.padStart(widths[i]) : `${cell}`.padEnd(widths[i])))
      .join(' | ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('-+-');
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

function didTable(tally) {
  const rows = [...tally.rows.values()].sort(
    (a, b) => a.http.localeCompare(b.http) || a.kind.localeCompare(b.kind),
  );
  const total = { http: 'all', kind: '' };
  for (const name of ['clients', 'sockets', 'messages', 'bytes', 'faults']) {
    total[name] = rows.reduce((all, row) => all + row[name], 0);
  }
  return table(
    ['http', 'kind', 'clients', 'sockets', 'messages', 'MiB', 'faults'],
    [...rows, total].map(({ http, kind, clients, sockets, messages, bytes, faults }) => [
      http,
      kind,
      clients,
      sockets,
      messages,
      (bytes / 2 ** 20).toFixed(1),
      faults,
    ]),
  );
}

export function countersTable(rows) {
  return table(
    ['counter', 'expected', 'got', ''],
    rows.map(({ counter, expected, got, isRight }) => [
      counter,
      expected,
      got,
      isRight ? '' : 'WRONG',
    ]),
  );
}

function growthLine(what, unit, growth) {
  if (growth.judged === 0) {
    return `${what}: too few idle points to judge growth; a longer run does`;
  }
  const { judged, first, last, trend, allowed, grew } = growth;
  return (
    `${what} at ${judged} idle points after warm-up: first third ${first.toFixed(0)} ${unit}, ` +
    `last third ${last.toFixed(0)} ${unit}, trend ${trend.toFixed(1)} ${unit} over all; ` +
    `allowed ${allowed.toFixed(0)}: ${grew ? 'IT GREW' : 'no growth'}`
  );
}

function plots({ samples, idle }) {
  const line = (name, divisor) => ({
    points: samples
      .filter((sample) => sample[name] !== undefined)
      .map((sample) => ({ x: sample.seconds, y: sample[name] / divisor })),
    marks: idle.map((sample) => ({ x: sample.seconds, y: sample[name] / divisor })),
  });
  return [
    { title: 'resident memory, MiB (o: idle)', ...line('residentKib', 1024) },
    { title: 'open descriptors (o: idle)', ...line('descriptors', 1) },
    { title: 'open WebSockets', points: line('sockets', 1).points, marks: [] },
  ];
}

/* |soak| is all there is to tell; prints it, and writes it into |directory| if there is one. */
export function report(soak, directory) {
  const drawn = plots(soak).filter(({ points }) => points.length > 1);
  for (const { title, points, marks } of drawn) {
    console.log(`\n${plotText(title, points, marks)}`);
  }
  console.log(`\n${growthLine('private memory', 'KiB', soak.growth.memory)}`);
  console.log(growthLine('memory that the server has allocated', 'KiB', soak.growth.own));
  console.log(growthLine('descriptors', '', soak.growth.descriptors));
  console.log(`\nwhat the clients did\n${didTable(soak.tally)}`);
  console.log(`\nSIGHUP, each followed by a reload: ${soak.reloads}`);
  console.log(`\ncounters, over all\n${countersTable(soak.counters)}`);
  console.log(`\ncounters, over the ${soak.politeWaves} waves of clients that behave`);
  console.log(countersTable(soak.politeCounters));
  for (const note of soak.notes) {
    console.log(`note: ${note}`);
  }
  for (const failure of soak.failures) {
    console.log(`FAILED: ${failure}`);
  }
  console.log(
    `\nsoak of ${(soak.seconds / 60).toFixed(1)} minutes, seed ${soak.seed}: ` +
      `${soak.failures.length === 0 ? 'passed' : 'FAILED'}`,
  );
  if (directory) {
    fs.mkdirSync(directory, { recursive: true });
    const { tally, ...rest } = soak;
    const text = JSON.stringify({ ...rest, did: [...tally.rows.values()] }, null, 1);
    fs.writeFileSync(path.join(directory, 'soak.json'), text);
    fs.writeFileSync(path.join(directory, 'soak.svg'), plotSvg(drawn));
  }
}
