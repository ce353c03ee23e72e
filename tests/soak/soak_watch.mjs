/* What is seen of a server from outside: memory, descriptors, and its counters. */
import fs from 'node:fs';
import http from 'node:http';

const ADMIN_MS = 10_000;

/* { residentKib, privateKib, descriptors } of process |pid|. */
export function look(pid) {
  const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)[1]);
  return {
    residentKib: kib('Rss'),
    privateKib: kib('Anonymous'),
    descriptors: fs.readdirSync(`/proc/${pid}/fd`).length,
  };
}

const SAMPLE = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/;

/* Prometheus text to a Map of "name{a="1",b="2"}", labels in order of their names. */
export function parseMetrics(text) {
  const metrics = new Map();
  for (const line of text.split('\n')) {
    const match = SAMPLE.exec(line);
    if (match) {
      const labels = [...(match[2] ?? '').matchAll(/[a-z_]+="[^"]*"/g)].map(([label]) => label);
      metrics.set(`${match[1]}{${labels.sort().join(',')}}`, Number(match[3]));
    }
  }
  return metrics;
}

/* One connection for each look: nothing of ours stays open on the server. */
export function readMetrics(address) {
  return new Promise((resolve, reject) => {
    const url = `http://${address}/metrics`;
    const request = http.get(url, { agent: false, timeout: ADMIN_MS }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(parseMetrics(Buffer.concat(parts).toString()))
          : reject(new Error(`${url} got ${response.statusCode}`)),
      );
    });
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer`)));
    request.on('error', reject);
  });
}

/* The sum of a metric over its labels. */
export function sum(metrics, name) {
  let total = 0;
  for (const [key, value] of metrics) {
    total += key.startsWith(`trisock_${name}{`) ? value : 0;
  }
  return total;
}

/* Looks once a second until stop(). */
export class Watch {
  #timer;
  #startMs = Date.now();

  constructor(server, admin) {
    this.server = server;
    this.admin = admin;
    this.samples = [];
    this.errors = [];
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  seconds() {
    return (Date.now() - this.#startMs) / 1000;
  }

  async #tick() {
    try {
      const sample = { seconds: this.seconds(), ...look(this.server.pid) };
      this.samples.push(sample);
      sample.sockets = sum(await readMetrics(this.admin), 'sockets');
    } catch (error) {
      if (this.#timer) {
        this.errors.push(error.message);
      }
    }
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
